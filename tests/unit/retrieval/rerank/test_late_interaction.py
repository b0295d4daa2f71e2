import pytest
import torch
from torch.nn import functional

from retrieval.embedding.e5 import E5Embedder
from retrieval.rerank.late_interaction import LateInteraction
from retrieval.rerank.port import Reranker
from tests.unit.retrieval.rerank.conformance import (
    PASSAGES,
    QUESTION,
    RerankerConformance,
    never,
)

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def exact() -> E5Embedder:
    return E5Embedder(precision="float32")


@pytest.fixture(scope="module")
def late_interaction(exact: E5Embedder) -> LateInteraction:
    return LateInteraction(exact.model, threads=2)


class TestLateInteraction(RerankerConformance):
    @pytest.fixture
    def reranker(self, late_interaction: LateInteraction) -> Reranker:
        return late_interaction


def test_the_passage_that_answers_is_best(late_interaction: LateInteraction) -> None:
    scores = late_interaction.scores(QUESTION, PASSAGES, never)
    assert scores is not None
    assert max(PASSAGES, key=dict(zip(PASSAGES, scores, strict=True)).__getitem__) == PASSAGES[1]


def test_its_tokens_are_those_whose_mean_the_embedder_gives(
    exact: E5Embedder, late_interaction: LateInteraction
) -> None:
    lent = late_interaction._encoder
    assert lent is exact.model.encoder  # no second copy of the weights
    states = lent.states(exact.model.passage_ids(PASSAGES[1:2]))
    pooled = functional.normalize(states.sum(dim=0), dim=0)
    torch.testing.assert_close(pooled.numpy(), exact.embed_passages(PASSAGES[1:2])[0])
