import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from model.errors import CheckpointError
from model.expert_cache.stored_tensors import stored_tensors


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    tensors = {
        "a": torch.arange(12.0).view(3, 4),
        "b": torch.arange(6).bfloat16().view(2, 3),
        "bytes": torch.arange(5, dtype=torch.uint8),
        "integers": torch.arange(5),
    }
    save_file(tensors, path, metadata={"format": "pt"})
    return path


def rewrite_header(path: Path, **changes: object) -> None:
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header["a"] |= changes
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + size :])


def test_tensors_are_read_as_they_were_written(path: Path) -> None:
    tensors = stored_tensors(path)
    assert set(tensors) == {"a", "b", "bytes"}
    b = torch.empty(2, 3, dtype=torch.bfloat16)
    tensors["b"].read_into(b)
    assert b.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_one_entry_is_read_by_itself(path: Path) -> None:
    entry = stored_tensors(path)["a"].entry(2)
    row = torch.empty(entry.shape)
    entry.read_into(row)
    assert row.tolist() == [8, 9, 10, 11]


@pytest.mark.parametrize("size", [0, 4, 8, 60])
def test_header_cut_short(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        stored_tensors(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [3, 5]},
        {"shape": [-3, -4]},
        {"shape": "12"},
        {"shape": None},
        {"dtype": ["F32"]},
        {"data_offsets": [0]},
        {"data_offsets": [-48, 0]},
        {"data_offsets": [10**9, 10**9 + 48]},
        {"data_offsets": {"start": 0}},
    ],
)
def test_header_that_lies(path: Path, changes: dict[str, object]) -> None:
    rewrite_header(path, **changes)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: its header is damaged"):
        stored_tensors(path)


@pytest.mark.parametrize("text", [b"[]", b"[[[", b"{", b'{"a": 5}', b"\xff\xfe", b"[" * 99_999])
def test_header_that_is_none(path: Path, text: bytes) -> None:
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(CheckpointError, match=r"its header is damaged"):
        stored_tensors(path)


def test_header_beyond_all_measure(path: Path) -> None:
    path.write_bytes((2**62).to_bytes(8, "little") + b"{}")
    with pytest.raises(CheckpointError, match=r"its header is damaged"):
        stored_tensors(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"absent\.safetensors: cannot be read"):
        stored_tensors(tmp_path / "absent.safetensors")
