from pathlib import Path

import pytest
from pydantic import ValidationError

from retrieval.embedding.e5 import E5Embedder
from retrieval.rerank.cross_encoder import CrossEncoder
from retrieval.rerank.factory import create_reranker
from retrieval.rerank.late_interaction import LateInteraction
from retrieval.rerank.settings import RerankSettings
from tests.integration.retrieval.world import HashEmbedder
from tests.unit.retrieval.rerank.checkpoints import write_checkpoint


def test_it_is_off_unless_it_is_asked_for() -> None:
    assert create_reranker(RerankSettings(), HashEmbedder()) is None


def test_a_cross_encoder_comes_from_its_folder(tmp_path: Path) -> None:
    settings = RerankSettings(backend="cross-encoder", folder=write_checkpoint(tmp_path, "bert"))
    assert isinstance(create_reranker(settings, HashEmbedder()), CrossEncoder)


def test_a_cross_encoder_without_a_folder_is_refused() -> None:
    with pytest.raises(ValidationError, match="folder"):
        RerankSettings(backend="cross-encoder")


@pytest.mark.models
@pytest.mark.parametrize("embedder", [HashEmbedder, E5Embedder])
def test_late_interaction_needs_no_particular_embedder(
    embedder: type[HashEmbedder] | type[E5Embedder],
) -> None:
    settings = RerankSettings(backend="late-interaction", threads=1)
    assert isinstance(create_reranker(settings, embedder()), LateInteraction)
