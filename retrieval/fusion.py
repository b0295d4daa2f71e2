"""Merging what several indexes found, by scores brought to one scale.

Ranks alone (reciprocal rank fusion) forget by how much a passage was better; on every data set at
hand the scores, each scaled by its own list, found more at one weight for all languages. See
Bruch, Gai, Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

Scored = Sequence[tuple[int, float]]
"""Chunk numbers with a score, best first."""


def scaled(found: Scored, spread_min: float = 0.0) -> dict[int, float]:
    """Scale scores to 1 for the best and 0 for the last, in the order given; all 1 when equal.

    Those that lie closer together than `spread_min` are told apart by no more than that share:
    the best earns less than 1.
    """
    if not found:
        return {}
    best, last = found[0][1], found[-1][1]
    spread = max(best - last, spread_min)
    return {chunk: (score - last) / spread if spread else 1.0 for chunk, score in found}


def fuse(parts: Iterable[tuple[float, Mapping[int, float]]]) -> Scored:
    """Merge weighted, scaled scores into one ranking; what a part lacks earns nothing there.

    Equal sums keep the order of the parts and of what is in them: numbers of chunks would let
    what else was stored decide.
    """
    sums: defaultdict[int, float] = defaultdict(float)
    for weight, scores in parts:
        if weight > 0:
            for chunk, score in scores.items():
                sums[chunk] += weight * score
    return sorted(sums.items(), key=itemgetter(1), reverse=True)


def numbers(found: Scored) -> list[int]:
    """Return the chunk numbers alone."""
    return [chunk for chunk, _ in found]
