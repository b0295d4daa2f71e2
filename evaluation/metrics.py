"""How good a ranking is; `ranked` holds ids, best first, and each function returns 0 to 1.

`grades` maps relevant ids to their grade; an id that is missing or has grade 0 is not relevant.
Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002, with the linear
gain that trec_eval uses.
"""

import math
from collections.abc import Iterable, Mapping, Sequence


def ndcg_at_k(ranked: Sequence[str], grades: Mapping[str, float], k: int) -> float:
    """Normalised discounted cumulative gain of the first `k`; 0 when nothing is relevant."""
    ideal = _discounted(sorted(grades.values(), reverse=True)[:k])
    return _discounted(grades.get(id_, 0.0) for id_ in ranked[:k]) / ideal if ideal else 0.0


def recall_at_k(ranked: Sequence[str], grades: Mapping[str, float], k: int) -> float:
    """Share of the relevant ids that are among the first `k`; 0 when nothing is relevant."""
    relevant = {id_ for id_, grade in grades.items() if grade > 0}
    return len(relevant.intersection(ranked[:k])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranked: Sequence[str], grades: Mapping[str, float]) -> float:
    """One over the rank of the first relevant id, or 0; its mean over queries is MRR."""
    ranks = (rank for rank, id_ in enumerate(ranked, start=1) if grades.get(id_, 0.0) > 0)
    return 1 / next(ranks, math.inf)


def mean_reciprocal_rank(
    rankings: Iterable[tuple[Sequence[str], Mapping[str, float]]],
) -> float:
    """Mean of `reciprocal_rank` over (ranked, grades) of each query; 0 without queries."""
    ranks = [reciprocal_rank(ranked, grades) for ranked, grades in rankings]
    return sum(ranks) / len(ranks) if ranks else 0.0


def _discounted(gains: Iterable[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
