import errno
import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from model.errors import CheckpointError
from model.expert_cache.stored_tensors import (
    StoredTensor,
    bytes_together,
    page_aligned,
    read_together,
    stored_tensors,
)


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


def read(*tensors: StoredTensor) -> list[list[object]]:
    memory = page_aligned(bytes_together(tensors))
    return [tensor.tolist() for tensor in read_together(tensors, memory)]


def test_tensors_are_read_as_they_were_written(path: Path) -> None:
    tensors = stored_tensors(path)
    assert set(tensors) == {"a", "b", "bytes"}
    assert read(tensors["b"], tensors["a"], tensors["bytes"]) == [
        [[0, 1, 2], [3, 4, 5]],
        [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]],
        [0, 1, 2, 3, 4],
    ]


def test_one_entry_is_read_by_itself(path: Path) -> None:
    assert read(stored_tensors(path)["a"].entry(2)) == [[8, 9, 10, 11]]


def test_neighbours_and_others_across_pages(tmp_path: Path) -> None:
    values = torch.arange(7000.0)
    pieces = {str(number): values[100 * number :][:100] for number in range(70)}
    save_file({name: piece.clone() for name, piece in pieces.items()}, tmp_path / "many")
    tensors = stored_tensors(tmp_path / "many")
    for names in (["3", "4", "5"], ["69", "0", "35"], list(pieces), ["41"]):
        found = read(*(tensors[name] for name in names))
        assert found == [pieces[name].tolist() for name in names]


def test_tensors_of_two_files(path: Path, tmp_path: Path) -> None:
    save_file({"a": torch.ones(3, 4)}, tmp_path / "other")
    first, second = stored_tensors(path)["a"], stored_tensors(tmp_path / "other")["a"]
    assert read(first, second)[1] == [[1.0] * 4] * 3


def test_file_system_without_direct_reads(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def refusing(target: object, flags: int) -> int:
        if flags & os.O_DIRECT:
            raise OSError(errno.EINVAL, "Invalid argument")
        return opened(target, flags)

    monkeypatch.setattr(os, "open", refusing)
    assert read(stored_tensors(path)["a"].entry(1)) == [[4, 5, 6, 7]]


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
