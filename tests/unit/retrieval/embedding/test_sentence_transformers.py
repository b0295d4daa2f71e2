from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertModel, BertTokenizer

from retrieval.embedding.errors import EmbeddingModelInvalid, EmbeddingModelUnavailable
from retrieval.embedding.port import Embedder
from retrieval.embedding.sentence_transformers import SentenceTransformersEmbedder
from retrieval.embedding.settings import EmbeddingSettings
from tests.unit.retrieval.embedding.conformance import PASSAGES, EmbedderConformance

INSTALLED = find_spec("sentence_transformers") is not None
needs_package = pytest.mark.skipif(
    not INSTALLED, reason="the extra [sentence-transformers] is not installed"
)


def _settings(folder: Path) -> EmbeddingSettings:
    return EmbeddingSettings(backend="sentence-transformers", folder=folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a tiny BERT with random weights, one token per character."""
    library = import_module("sentence_transformers")
    parts = tmp_path_factory.mktemp("parts")
    characters = sorted(set("".join(PASSAGES)) | set("abcdefghijklmnopqrstuvwxyz"))
    pieces = [piece for character in characters for piece in (character, f"##{character}")]
    (parts / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *pieces]), encoding="utf-8"
    )
    tokenizer = BertTokenizer(str(parts / "vocab.txt"), model_max_length=128)
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32}
    config = BertConfig(
        vocab_size=len(tokenizer), num_hidden_layers=1, max_position_embeddings=128, **sizes
    )
    BertModel(config).save_pretrained(parts)
    tokenizer.save_pretrained(parts)
    target = tmp_path_factory.mktemp("model")
    library.SentenceTransformer(str(parts), device="cpu").save(str(target))
    return target


@needs_package
class TestSentenceTransformers(EmbedderConformance):
    @pytest.fixture
    def embedder(self, folder: Path) -> Embedder:
        return SentenceTransformersEmbedder(_settings(folder))


@needs_package
def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingModelInvalid):
        SentenceTransformersEmbedder(_settings(tmp_path))


@needs_package
def test_an_absent_folder_is_said_to_be_absent(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingModelUnavailable, match="folder"):
        SentenceTransformersEmbedder(_settings(tmp_path / "absent"))


@pytest.mark.skipif(INSTALLED, reason="the extra [sentence-transformers] is installed")
def test_says_how_to_install_the_package(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingModelUnavailable, match="pip install"):
        SentenceTransformersEmbedder(_settings(tmp_path))
