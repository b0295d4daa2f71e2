"""Merging rankings by rank alone, since scores of different indexes do not compare."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

Ranking = Sequence[int | None]
"""Chunk numbers, best first; None holds a place that earns nothing here."""


def fuse(rankings: Iterable[tuple[float, Ranking]], rank_offset: float) -> list[int]:
    """Merge weighted rankings by reciprocal rank fusion, best first.

    A chunk at rank r (from 1) of a ranking with weight w earns w / (rank_offset + r). Equal sums
    keep the order of the rankings and of the ranks in them: numbers of chunks would let what else
    was stored decide.
    Source: Cormack, Clarke, Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and
    individual Rank Learning Methods", SIGIR 2009.
    """
    scores: defaultdict[int, float] = defaultdict(float)
    for weight, ranking in rankings:
        if weight > 0:
            for rank, chunk in enumerate(ranking, start=1):
                if chunk is not None:
                    scores[chunk] += weight / (rank_offset + rank)
    return sorted(scores, key=lambda chunk: -scores[chunk])
