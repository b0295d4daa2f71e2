"""BM25 with the statistics of what one scope sees, and of nothing else.

How rare a word is and how long a passage is on average are counted among the visible chunks only:
statistics over the whole tenant would let documents that somebody may not see move the order of
what they find, and so tell about them.

Source: Robertson, Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; the
inverse document frequency is Lucene's, which is never negative.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from retrieval.lexical.postings import Segment, Tokens

K1 = 1.2
B = 0.75

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ScopeStatistics:
    """What a scope sees: by slot whether, and the tokens of each chunk; in all, how much."""

    visible: NDArray[np.bool_]
    lengths: NDArray[np.float32]
    chunks: int
    tokens: int


def bm25(segments: Sequence[Segment], tokens: Tokens, scope: ScopeStatistics) -> Scores:
    """Score every slot for the tokens; 0 is for what is hidden or holds none of them.

    Each slot's sum is taken in the order of `tokens`, so that it is the same to the last bit in
    whichever segment the chunk lies.
    """
    scores = np.zeros(len(scope.visible), np.float32)
    mean_length = max(scope.tokens / max(scope.chunks, 1), 1.0)
    fixed, by_length = np.float32(K1 * (1 - B)), np.float32(K1 * B / mean_length)
    where = [segment.find(tokens) for segment in segments]
    for places in zip(*where, strict=True):
        found = [_seen(s, place, scope) for s, place in zip(segments, places, strict=True)]
        holders = sum(len(slots) for slots, _ in found)
        rarity = log(1 + (scope.chunks - holders + 0.5) / (holders + 0.5))
        for slots, counts in found:
            damping = fixed + by_length * scope.lengths.take(slots)
            worth = np.float32(rarity * (K1 + 1)) * counts / (counts + damping)
            np.add.at(scores, slots, worth)  # twice as fast as by index and assignment
    return scores


def _seen(
    segment: Segment, place: slice, scope: ScopeStatistics
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the visible slots of a token, and how often each holds it."""
    slots = segment.slots[place]
    kept = np.flatnonzero(scope.visible.take(slots))
    return slots.take(kept).astype(np.int64), segment.counts[place].take(kept).astype(np.float32)
