"""From a fused ranking to one in which the best candidates were read again."""

from collections.abc import Callable, Mapping

from retrieval.fusion import Scored, fuse, numbers, scaled
from retrieval.rerank.port import IsLate

Timer = Callable[[], float]
"""Seconds since some moment."""


def time_is_up(timer: Timer, milliseconds_max: float) -> IsLate:
    """Return what tells whether so many milliseconds have passed since this call."""
    end = timer() + milliseconds_max / 1000
    return lambda: timer() >= end


def reranked(fused: Scored, found: Mapping[int, float], weight: float) -> list[int]:
    """Return chunk numbers, best first: those of `found` by both scores, then the others.

    The scores of the reranker, `found`, and those that `fused` gives to the same chunks are each
    scaled to their best, as in fusion; `weight` (0 to 1) is the reranker's.
    """
    before = [(chunk, score) for chunk, score in fused if chunk in found]
    after = sorted(((chunk, found[chunk]) for chunk, _ in before), key=lambda one: -one[1])
    best = numbers(fuse([(1 - weight, scaled(before)), (weight, scaled(after))]))
    return best + [chunk for chunk in numbers(fused) if chunk not in found]
