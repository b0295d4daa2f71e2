from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from model import huge_pages
from model.checkpoint import read_tensors
from model.errors import CheckpointError
from model.huge_pages import huge_pages_allowed, read_into_huge_pages

NAMES = ["a", "c"]


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    tensors = {"a": torch.arange(77, dtype=torch.uint8), "b": torch.zeros(3)}
    save_file(tensors | {"c": torch.randn(5, 9, 16).bfloat16()}, tmp_path / "weights.safetensors")
    return tmp_path / "weights.safetensors"


def test_tensors_are_those_of_the_file(stored: Path) -> None:
    if not huge_pages_allowed():
        pytest.skip("this system gives no huge pages")
    read, mapped = read_into_huge_pages(stored, NAMES), read_tensors(stored)
    assert list(read) == NAMES
    for name, tensor in read.items():
        assert tensor.dtype == mapped[name].dtype
        assert torch.equal(tensor, mapped[name])
        assert tensor.data_ptr() % 64 == 0


def test_nothing_is_read_where_there_are_none(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = stored.with_name("enabled")
    monkeypatch.setattr(huge_pages, "_SETTING", setting)
    assert not huge_pages_allowed()
    setting.write_text("always madvise [never]\n")
    assert read_into_huge_pages(stored, NAMES) == {}
    setting.write_text("always [madvise] never\n")
    assert huge_pages_allowed()
    assert read_into_huge_pages(stored, []) == {}


def test_file_cut_short_is_refused(stored: Path) -> None:
    if not huge_pages_allowed():
        pytest.skip("this system gives no huge pages")
    stored.write_bytes(stored.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="beyond the file"):
        read_into_huge_pages(stored, NAMES)
