import pytest

from retrieval.rerank.reranking import reranked, time_is_up

FUSED = [(5, 1.0), (3, 0.8), (9, 0.6), (1, 0.1)]


@pytest.mark.parametrize(
    ("weight", "order"),
    [(1.0, [9, 3, 5, 1]), (0.0, [5, 3, 9, 1]), (0.5, [5, 9, 3, 1]), (0.6, [9, 5, 3, 1])],
)
def test_both_scores_count_by_their_weight(weight: float, order: list[int]) -> None:
    assert reranked(FUSED, {5: -4.0, 3: -3.5, 9: 6.0}, weight) == order


def test_what_was_not_read_stays_behind_in_its_order() -> None:
    assert reranked(FUSED, {1: 0.2, 3: 0.1}, 1.0) == [1, 3, 5, 9]
    assert reranked(FUSED, {}, 1.0) == [5, 3, 9, 1]
    assert reranked([], {}, 1.0) == []


def test_equal_scores_keep_the_order_from_before() -> None:
    assert reranked(FUSED, {9: 1.0, 3: 1.0, 5: 1.0}, 1.0) == [5, 3, 9, 1]


def test_time_is_up_after_so_many_milliseconds() -> None:
    now = iter([100.0, 100.249, 100.25])
    is_late = time_is_up(lambda: next(now), 250)
    assert not is_late()
    assert is_late()
