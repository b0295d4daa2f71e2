"""Scoring in small batches, so that a search need not wait much longer than it wants to."""

from collections.abc import Callable, Sequence

from retrieval.embedding.batching import batches_by_length
from retrieval.embedding.lanes import Lanes
from retrieval.rerank.port import IsLate

# A tenth of a second of the default model: what a search can wait for beyond its time.
_BATCH_TOKENS_MAX = 512


def scored_in_batches(
    lanes: Lanes,
    lengths: Sequence[int],
    score: Callable[[list[int]], Sequence[float]],
    is_late: IsLate,
) -> list[float] | None:
    """Score texts of these lengths (tokens), given by their places; None if it got late.

    Searches that wait for a lane are served in turn. When one is late, so are all before it:
    nobody waits longer than until their own time and the batches that run then are over.
    """

    def score_in_time(batch: list[int]) -> Sequence[float] | None:
        return None if is_late() else score(batch)

    batches = list(batches_by_length(lengths, _BATCH_TOKENS_MAX))
    scores = [0.0] * len(lengths)
    for batch, found in zip(batches, lanes.map(score_in_time, batches), strict=True):
        if found is None:
            return None
        for place, value in zip(batch, found, strict=True):
            scores[place] = value
    return scores
