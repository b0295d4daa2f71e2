"""What every reranker must do; each adapter inherits the suite and gives a `reranker`."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from retrieval.rerank.port import Reranker

QUESTION = "Where do guests park?"
PASSAGES = [
    "word " * 300,
    "Guests park behind the north building.",
    "访客停车场在北楼后面。",
    "Ink",
]


def never() -> bool:
    return False


class RerankerConformance:
    def test_scores_keep_the_order_given(self, reranker: Reranker) -> None:
        forth = reranker.scores(QUESTION, PASSAGES, never)
        back = reranker.scores(QUESTION, PASSAGES[::-1], never)
        assert forth is not None
        assert back is not None
        assert list(back)[::-1] == pytest.approx(list(forth), abs=1e-3)
        assert len(set(forth)) == len(PASSAGES)

    def test_a_score_does_not_depend_on_the_other_passages(self, reranker: Reranker) -> None:
        together = reranker.scores(QUESTION, PASSAGES, never)
        alone = [reranker.scores(QUESTION, [passage], never) for passage in PASSAGES]
        assert together == pytest.approx([one[0] for one in alone if one], abs=1e-3)

    def test_the_question_counts(self, reranker: Reranker) -> None:
        one, other = (
            reranker.scores(question, PASSAGES, never) for question in (QUESTION, "ink word")
        )
        assert one != other

    def test_nothing_is_scored_when_there_is_nothing(self, reranker: Reranker) -> None:
        assert reranker.scores(QUESTION, [], never) == []

    def test_it_gives_up_when_it_is_late(self, reranker: Reranker) -> None:
        asked = iter([False, *[True] * len(PASSAGES)])
        assert reranker.scores(QUESTION, PASSAGES * 3, lambda: next(asked, True)) is None

    def test_threads_share_it(self, reranker: Reranker) -> None:
        expected = reranker.scores(QUESTION, PASSAGES, never)
        with ThreadPoolExecutor(4) as threads:
            found = threads.map(lambda _: reranker.scores(QUESTION, PASSAGES, never), range(4))
            assert all(one == pytest.approx(expected, abs=1e-3) for one in found)
