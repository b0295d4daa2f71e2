"""What the best passages say about the others, with vectors of two dimensions."""

from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.feedback import with_feedback
from retrieval.fusion import numbers
from retrieval.settings import RetrievalSettings
from retrieval.vectors.port import NOTHING_HELD, Held

SETTINGS = RetrievalSettings(feedback_weight=0.5, feedback_passages=1)
FUSED = [(7, 1.0), (4, 0.6), (9, 0.5), (2, 0.1)]
VECTORS = {7: (1.0, 0.0), 4: (0.0, 1.0), 9: (1.0, 0.0), 2: (0.5, 0.5)}


def held(chunks: Sequence[int]) -> Held:
    """Bring all vectors that there are, in another order than they were asked for in."""
    places = [place for place, chunk in enumerate(chunks) if chunk in VECTORS][::-1]
    rows = [VECTORS[chunks[place]] for place in places]
    return Held(np.array(places, np.intp), np.array(rows, np.float32))


def test_what_is_like_the_best_comes_before_what_is_not() -> None:
    assert with_feedback(FUSED, held, SETTINGS) == [
        (7, pytest.approx(1.5)),
        (9, pytest.approx(1.0)),
        (4, pytest.approx(0.6)),
        (2, pytest.approx(0.35)),
    ]


def test_each_of_the_best_says_as_much_as_it_is_worth() -> None:
    two = SETTINGS.model_copy(update={"feedback_passages": 2})
    scores = dict(with_feedback(FUSED, held, two))
    # 4 is liked by itself only, whose word counts 0.6 of that of the first; each of two has half.
    assert scores[4] == pytest.approx(0.6 + 0.5 * 0.6 / 2)
    assert scores[9] == pytest.approx(0.5 + 0.5 * 1.0 / 2)
    assert scores[2] == pytest.approx(0.1 + 0.5 * (0.5 * 1.0 + 0.5 * 0.6) / 2)


def test_only_candidates_are_judged_and_the_rest_stays_behind() -> None:
    few = SETTINGS.model_copy(update={"candidates_max": 2})
    assert numbers(with_feedback(FUSED, held, few)) == [7, 4, 9, 2]


def test_what_has_no_vector_keeps_its_score() -> None:
    fused = [(7, 1.0), (100, 0.9), (4, 0.8), (9, 0.5)]
    assert with_feedback(fused, held, SETTINGS) == [(7, 1.5), (9, 1.0), (100, 0.9), (4, 0.8)]
    unknown = [(100, 1.0), (7, 0.9), (9, 0.5)]
    assert with_feedback(unknown, held, SETTINGS) == unknown


def test_equal_vectors_change_nothing() -> None:
    def equal(chunks: Sequence[int]) -> Held:
        return Held(np.arange(len(chunks)), np.ones((len(chunks), 2), np.float32))

    assert with_feedback(FUSED, equal, SETTINGS) == FUSED


@pytest.mark.parametrize("fused", [[], FUSED[:1], [(7, 0.0), (4, 0.0)]])
def test_nobody_is_asked_where_nothing_could_change(fused: list[tuple[int, float]]) -> None:
    def never(_chunks: Sequence[int]) -> Held:
        raise AssertionError

    assert with_feedback(fused, never, SETTINGS) == fused
    off = SETTINGS.model_copy(update={"feedback_weight": 0.0})
    assert with_feedback(FUSED, never, off) == FUSED


def test_without_any_vector_the_order_stays() -> None:
    assert with_feedback(FUSED, lambda _chunks: NOTHING_HELD, SETTINGS) == FUSED
