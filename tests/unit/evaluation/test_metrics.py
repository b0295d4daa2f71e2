import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics import mean_reciprocal_rank, ndcg_at_k, recall_at_k, reciprocal_rank

GRADES = {"a": 3.0, "b": 1.0, "c": 0.0}


def test_ndcg_by_hand() -> None:
    # Gains 0, 1, 3 at ranks 1, 2, 3 against 3, 1 in the ideal order.
    expected = (1 / math.log2(3) + 3 / 2) / (3 + 1 / math.log2(3))
    assert ndcg_at_k(["x", "b", "a"], GRADES, 10) == pytest.approx(expected)
    assert expected == pytest.approx(0.587, abs=1e-3)


def test_ndcg_looks_at_the_first_k_only() -> None:
    assert ndcg_at_k(["x", "a"], GRADES, 1) == 0
    assert ndcg_at_k(["a", "x"], GRADES, 1) == 1


def test_recall_by_hand() -> None:
    assert recall_at_k(["x", "b", "c", "a"], GRADES, 3) == 0.5
    assert recall_at_k(["x", "b", "c", "a"], GRADES, 4) == 1


def test_reciprocal_rank_by_hand() -> None:
    assert reciprocal_rank(["c", "x", "b", "a"], GRADES) == pytest.approx(1 / 3)
    assert reciprocal_rank(["x"], GRADES) == 0
    rankings = [(["c", "a"], GRADES), (["a"], GRADES), (["x"], GRADES)]
    assert mean_reciprocal_rank(rankings) == pytest.approx(0.5)


def test_nothing_relevant_or_nothing_asked_is_zero() -> None:
    assert ndcg_at_k(["a"], {}, 10) == recall_at_k(["a"], {"a": 0.0}, 10) == 0
    assert ndcg_at_k([], GRADES, 10) == recall_at_k([], GRADES, 10) == 0
    assert mean_reciprocal_rank([]) == 0


@given(
    st.permutations([f"d{number}" for number in range(8)]),
    st.dictionaries(st.sampled_from([f"d{number}" for number in range(8)]), st.integers(0, 3)),
    st.integers(1, 10),
)
def test_all_lie_between_0_and_1_and_the_ideal_order_is_1(
    ranked: list[str], grades: dict[str, int], k: int
) -> None:
    for value in (
        ndcg_at_k(ranked, grades, k),
        recall_at_k(ranked, grades, k),
        reciprocal_rank(ranked, grades),
    ):
        assert 0 <= value <= 1 + 1e-12
    ideal = sorted(ranked, key=lambda id_: -grades.get(id_, 0))
    if any(grades.values()):
        assert ndcg_at_k(ideal, grades, k) == pytest.approx(1)
        assert reciprocal_rank(ideal, grades) == 1
