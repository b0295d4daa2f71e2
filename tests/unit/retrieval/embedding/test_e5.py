import numpy as np
import pytest

from retrieval.embedding.e5 import E5Embedder
from retrieval.embedding.port import Embedder
from tests.unit.retrieval.embedding.conformance import EmbedderConformance

pytestmark = pytest.mark.models


class TestE5(EmbedderConformance):
    @pytest.fixture
    def embedder(self, e5: E5Embedder) -> Embedder:
        return e5


def test_a_passage_of_the_longest_length_is_not_cut_and_a_longer_one_is(e5: E5Embedder) -> None:
    words = ["word"] * e5.passage_tokens_max
    assert e5.count_tokens([" ".join(words)]) == [e5.passage_tokens_max]
    one_less, full, longer, other_end = e5.embed_passages(
        [
            " ".join(words[1:]),
            " ".join(words),
            " ".join([*words, "ocean"]),
            " ".join([*words[1:], "ocean"]),
        ]
    )
    np.testing.assert_allclose(full, longer, atol=1e-6)
    assert np.abs(full - one_less).max() > np.abs(full - longer).max()
    assert float(full @ other_end) < 0.9999


@pytest.mark.parametrize(
    "questions",
    [
        [
            "How many days of leave do I get?",
            "Where are the ink cartridges?",
            "Where do guests park?",
        ],
        ["年假有几天？", "打印机的墨盒在哪里？", "访客在哪里停车？"],
    ],
    ids=["english", "chinese"],
)
@pytest.mark.parametrize(
    "passages",
    [
        [
            "Staff get 15 days of paid leave in their first year.",
            "Ink cartridges for the printer are in the storeroom on the third floor.",
            "The visitors' car park is behind the north building.",
        ],
        [
            "员工第一年享有十五天带薪年假。",
            "打印机的墨盒在三楼的仓库里。",
            "访客停车场在北楼后面。",
        ],
    ],
    ids=["english", "chinese"],
)
def test_finds_the_passage_that_answers_within_and_across_languages(
    e5: E5Embedder, questions: list[str], passages: list[str]
) -> None:
    similarity = e5.embed_queries(questions) @ e5.embed_passages(passages).T
    assert similarity.argmax(axis=1).tolist() == [0, 1, 2]


def test_queries_and_passages_get_different_prefixes(e5: E5Embedder) -> None:
    text = ["The warehouse closes at six."]
    assert (e5.embed_queries(text) * e5.embed_passages(text)).sum() < 0.999


def test_precisions_agree(e5: E5Embedder) -> None:
    texts = ["A contract ends after thirty days.", "合同在三十天后终止。"]
    exact = E5Embedder(precision="float32").embed_passages(texts)
    half = E5Embedder(precision="bfloat16").embed_passages(texts)
    np.testing.assert_array_less(0.999, (exact * half).sum(axis=1))
    assert np.abs(exact - half).max() > 0
