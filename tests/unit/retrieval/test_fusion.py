import pytest

from retrieval.fusion import fuse, numbers, scaled


def test_scores_are_scaled_from_the_best_to_the_last() -> None:
    assert scaled([(4, 9.0), (2, 6.0), (7, 5.0)]) == {4: 1.0, 2: 0.25, 7: 0.0}
    assert scaled([(4, 3.0), (2, 3.0)]) == {4: 1.0, 2: 1.0}
    assert scaled([]) == {}


def test_scores_close_together_are_told_apart_by_little() -> None:
    assert scaled([(4, 9.0), (2, 6.0), (7, 5.0)], 8.0) == {4: 0.5, 2: 0.125, 7: 0.0}
    assert scaled([(4, 9.0), (2, 6.0), (7, 5.0)], 3.0) == {4: 1.0, 2: 0.25, 7: 0.0}
    assert scaled([(4, 3.0)], 1.0) == {4: 0.0}


def test_a_chunk_that_both_found_beats_either_alone() -> None:
    meaning, words = {1: 1.0, 2: 0.8, 3: 0.0}, {4: 1.0, 2: 0.9, 5: 0.0}
    assert fuse([(0.5, meaning), (0.5, words)])[0] == (2, pytest.approx(0.85))


def test_a_lead_in_score_counts_and_not_only_the_rank() -> None:
    words = {2: 1.0, 1: 0.9}
    assert numbers(fuse([(0.5, {1: 1.0, 2: 0.2}), (0.5, words)])) == [1, 2]
    assert numbers(fuse([(0.5, {1: 1.0, 2: 0.95}), (0.5, words)])) == [2, 1]


@pytest.mark.parametrize(("weight", "first"), [(0.7, [1, 2]), (0.3, [3, 4])])
def test_weight_decides_between_equal_scores(weight: float, first: list[int]) -> None:
    meaning, words = {1: 1.0, 2: 0.9}, {3: 1.0, 4: 0.9}
    assert numbers(fuse([(weight, meaning), (1 - weight, words)]))[:2] == first


def test_a_part_without_weight_proposes_nothing() -> None:
    assert numbers(fuse([(0.0, {9: 1.0, 8: 0.5}), (1.0, {3: 1.0, 1: 0.0})])) == [3, 1]


def test_equal_sums_keep_the_order_of_the_parts() -> None:
    assert numbers(fuse([(0.5, {7: 1.0}), (0.5, {3: 1.0})])) == [7, 3]
    assert fuse([]) == []
