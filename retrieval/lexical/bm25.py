"""BM25 with the statistics of what one scope sees, and of nothing else.

How rare a word is and how long a passage is on average are counted among the visible chunks only:
statistics over the whole tenant would let documents that somebody may not see move the order of
what they find, and so tell about them.

Source: Robertson, Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; the
inverse document frequency is Lucene's, which is never negative.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retrieval.lexical.postings import Segment, Tokens

K1 = 1.2
B = 0.75

Scores = NDArray[np.float32]


_AT_ONCE: Final = 65_536
"""Postings that are scored together: they stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class ScopeStatistics:
    """What a scope sees: by slot whether, and the tokens of each chunk; in all, how much.

    `visible` is None when it sees every slot.
    """

    visible: NDArray[np.bool_] | None
    lengths: NDArray[np.float32]
    chunks: int
    tokens: int
    documents: int


@dataclass(frozen=True, slots=True)
class Postings:
    """Where some tokens stand among what a scope sees, one token's after the other's.

    `tokens` says which of the wanted ones they are, `sizes` how many slots each of these has. A
    token's slots rise; `counts` tell how often it stands there.
    """

    tokens: slice
    sizes: list[int]
    slots: NDArray[np.int64]
    counts: NDArray[np.float32]

    def spread(self, weights: Sequence[float]) -> NDArray[np.float32]:
        """Give each posting the weight of its token."""
        return np.repeat(np.array(weights, np.float32), self.sizes)


def visible_postings(
    segments: Sequence[Segment], tokens: Tokens, scope: ScopeStatistics
) -> Iterator[Postings]:
    """Say where the tokens stand among what the scope sees, some tokens at a time.

    All of a few tokens at once takes a tenth of the calls that one token at a time does, each of
    which other threads may delay.
    """
    found = [segment.find(tokens) for segment in segments]
    sizes = [
        sum(place.stop - place.start for place in places) for places in zip(*found, strict=True)
    ]
    first, held = 0, 0
    for end, size in enumerate(sizes, start=1):
        held += size
        if held >= _AT_ONCE or end == len(sizes):
            chosen = slice(first, end)
            places = [one[chosen] for one in found]
            yield _seen(segments, places, chosen, sizes[chosen], scope)
            first, held = end, 0


def rarity(holders: int, among: int) -> float:
    """Return the inverse document frequency of what `holders` of so many hold."""
    return log(1 + (among - holders + 0.5) / (holders + 0.5))


def bm25(found: Iterable[Postings], scope: ScopeStatistics) -> tuple[Scores, list[float]]:
    """Score every slot, and tell how rare each token is.

    0 is for what is hidden or holds none of the tokens. Each slot's sum is taken in the order of
    the tokens, so that it is the same to the last bit in whichever segment the chunk lies.
    """
    lengths = scope.lengths
    scores, rarities = np.zeros(len(lengths), np.float32), list[float]()
    mean_length = max(scope.tokens / max(scope.chunks, 1), 1.0)
    fixed, by_length = np.float32(K1 * (1 - B)), np.float32(K1 * B / mean_length)
    for one in found:
        rare = [rarity(size, scope.chunks) for size in one.sizes]
        damping = fixed + by_length * lengths.take(one.slots)
        weights = one.spread([(K1 + 1) * each for each in rare])
        np.add.at(scores, one.slots, weights * one.counts / (one.counts + damping))
        rarities += rare
    return scores, rarities


def covered(
    segments: Sequence[Segment],
    tokens: Tokens,
    rarities: Sequence[float],
    slots: NDArray[np.intp],
) -> float:
    """Return how much of the tokens, weighed by rarity, that one of `slots` holds which holds most.

    From 0 to 1; what nothing visible holds is rarest of all.
    """
    held = np.zeros(len(slots))
    for segment in segments:
        wanted = slots.astype(segment.slots.dtype)
        for place, rare in zip(segment.find(tokens), rarities, strict=True):
            posted = segment.slots[place]
            if len(posted):
                nearest = np.searchsorted(posted, wanted).clip(max=len(posted) - 1)
                held += rare * (posted.take(nearest) == wanted)
    whole = sum(rarities)
    return float(held.max(initial=0.0)) / whole if whole else 0.0


def _seen(
    segments: Sequence[Segment],
    places: Sequence[Sequence[slice]],
    tokens: slice,
    sizes: list[int],
    scope: ScopeStatistics,
) -> Postings:
    parts = [
        (segment, place)
        for each in zip(*places, strict=True)
        for segment, place in zip(segments, each, strict=True)
    ]
    slots = np.concatenate([segment.slots[place] for segment, place in parts])
    counts = np.concatenate([segment.counts[place] for segment, place in parts])
    if scope.visible is not None:
        kept = np.flatnonzero(scope.visible.take(slots))
        sizes = np.diff(np.searchsorted(kept, np.cumsum(sizes)), prepend=0).tolist()
        slots, counts = slots.take(kept), counts.take(kept)
    return Postings(tokens, sizes, slots.astype(np.int64), counts.astype(np.float32))
