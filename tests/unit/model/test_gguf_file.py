"""Headers that lie: each is refused at once, without the memory that it claims to need."""

import struct
import tracemalloc
from pathlib import Path

import pytest

from model.errors import CheckpointError
from model.gguf.file import GgufFile

MEMORY_MAX = 4_000_000  # bytes, for a file of two thousand
COUNT, ARRAY, TEXT, UINT8, UINT32 = "<Q", 9, 8, 0, 4


def text(value: str) -> bytes:
    return struct.pack(COUNT, len(value)) + value.encode()


def header(tensors: int, fields: int, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, fields)


def tensor(name: str, shape: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    dimensions = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return text(name) + dimensions + struct.pack("<IQ", kind, offset)


def field(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


DATA = bytes(4096)
HOSTILE = {
    "nothing": b"",
    "only a beginning": b"GGUF",
    "another version": header(0, 0, version=1),
    "the other byte order": b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
    "no end of tensors": header(2**63, 0),
    "more tensors than there are": header(1000, 0),
    "no end of metadata": header(0, 2**64 - 1),
    "no end of an array": header(0, 1) + field("a", ARRAY, struct.pack("<IQ", UINT8, 2**60)),
    "a large array that is not there": header(0, 1)
    + field("a", ARRAY, struct.pack("<IQ", UINT8, 4_000_000)),
    "arrays in arrays": header(0, 1) + field("a", ARRAY, struct.pack("<IQ", ARRAY, 1) * 200),
    "no end of a string": header(0, 1) + field("a", TEXT, struct.pack(COUNT, 2**63)),
    "a string that is no text": header(0, 1)
    + field("a", TEXT, struct.pack(COUNT, 2) + b"\xff\xfe"),
    "an unknown kind of value": header(0, 1) + field("a", 77, DATA),
    "the same name twice": header(0, 2) + 2 * field("a", UINT8, b"\0"),
    "the same tensor twice": header(2, 0) + tensor("a", (8,)) + tensor("a", (8,), offset=32) + DATA,
    "tensors over each other": header(2, 0)
    + tensor("a", (64,))
    + tensor("b", (64,), offset=32)
    + DATA,
    "an offset beyond the file": header(1, 0) + tensor("a", (8,), offset=2**62) + DATA,
    "an offset that wraps": header(1, 0) + tensor("a", (8,), offset=2**64 - 32) + DATA,
    "a product that wraps": header(1, 0) + tensor("a", (2**32, 2**32)) + DATA,
    "no dimensions": header(1, 0) + tensor("a", ()) + DATA,
    "many dimensions": header(1, 0) + tensor("a", (1,) * 60) + DATA,
    "a dimension of zero": header(1, 0) + tensor("a", (0, 8)) + DATA,
    "half a block": header(1, 0) + tensor("a", (48,), kind=8) + DATA,
    "an unknown format": header(1, 0) + tensor("a", (8,), kind=999) + DATA,
    "an alignment of zero": header(0, 1) + field("general.alignment", UINT32, struct.pack("<I", 0)),
    "an alignment in words": header(0, 1) + field("general.alignment", TEXT, text("wide")),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_header_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "hostile.gguf"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match=r"hostile\.gguf: is damaged or no GGUF file"):
            GgufFile.open(path)
        assert tracemalloc.get_traced_memory()[1] < MEMORY_MAX
    finally:
        tracemalloc.stop()
