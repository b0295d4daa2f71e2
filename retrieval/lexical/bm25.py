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
    documents: int


@dataclass(frozen=True, slots=True)
class Postings:
    """The visible slots that hold a token, rising, and how often each one does."""

    slots: NDArray[np.int64]
    counts: NDArray[np.float32]

    def __len__(self) -> int:
        """Count the slots."""
        return len(self.slots)


def visible_postings(
    segments: Sequence[Segment], tokens: Tokens, scope: ScopeStatistics
) -> list[Postings]:
    """Return for each token where it stands among what the scope sees."""
    where = [segment.find(tokens) for segment in segments]
    if not where:
        return [_joined([]) for _ in tokens]
    return [
        _joined([_seen(s, place, scope) for s, place in zip(segments, places, strict=True)])
        for places in zip(*where, strict=True)
    ]


def rarity(holders: int, among: int) -> float:
    """Return the inverse document frequency of what `holders` of so many hold."""
    return log(1 + (among - holders + 0.5) / (holders + 0.5))


def bm25(found: Sequence[Postings], scope: ScopeStatistics) -> Scores:
    """Score every slot; 0 is for what is hidden or holds none of the tokens.

    Each slot's sum is taken in the order of the tokens, so that it is the same to the last bit in
    whichever segment the chunk lies.
    """
    scores = np.zeros(len(scope.visible), np.float32)
    mean_length = max(scope.tokens / max(scope.chunks, 1), 1.0)
    fixed, by_length = np.float32(K1 * (1 - B)), np.float32(K1 * B / mean_length)
    for one in found:
        damping = fixed + by_length * scope.lengths.take(one.slots)
        weight = np.float32(rarity(len(one), scope.chunks) * (K1 + 1))
        worth = weight * one.counts / (one.counts + damping)
        np.add.at(scores, one.slots, worth)  # twice as fast as by index and assignment
    return scores


def _seen(segment: Segment, place: slice, scope: ScopeStatistics) -> Postings:
    slots = segment.slots[place]
    kept = np.flatnonzero(scope.visible.take(slots))
    counts = segment.counts[place].take(kept).astype(np.float32)
    return Postings(slots.take(kept).astype(np.int64), counts)


def _joined(parts: Sequence[Postings]) -> Postings:
    if len(parts) == 1:
        return parts[0]
    slots = [np.zeros(0, np.int64), *(part.slots for part in parts)]
    counts = [np.zeros(0, np.float32), *(part.counts for part in parts)]
    return Postings(np.concatenate(slots), np.concatenate(counts))
