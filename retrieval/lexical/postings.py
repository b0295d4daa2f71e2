"""Which chunk holds which token how often: immutable segments, written and merged.

A chunk is a slot: its position in the arrays that the index keeps beside the segments. A token is
a number of 48 bits, the first of its blind token, so that token and slot sort as one number. Two
of a million different words share their 48 bits with a chance of 1 in 500, and count as one then.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.lexical.blind import TOKEN_BYTES

Tokens = NDArray[np.uint64]
Slots = NDArray[np.uint32]
Counts = NDArray[np.uint16]

_SLOT_BITS = 16
_TOKEN_MASK = np.uint64(2**48 - 1)
_SEGMENT_SLOTS_MAX = 2**_SLOT_BITS
_COUNT_MAX = 2**16 - 1


def numbers(joined: bytes) -> Tokens:
    """Read joined blind tokens as numbers."""
    if len(joined) % TOKEN_BYTES:
        message = "blind tokens have 8 bytes each"
        raise ValueError(message)
    return np.frombuffer(joined, "<u8") & _TOKEN_MASK


@dataclass(frozen=True, slots=True)
class Segment:
    """The postings of some chunks: those of `tokens[i]` lie at `starts[i]:starts[i + 1]`.

    `tokens` is sorted and holds each token once; the slots of one token rise.
    """

    tokens: Tokens
    starts: NDArray[np.int64]
    slots: Slots
    counts: Counts

    def __len__(self) -> int:
        """Count the postings."""
        return len(self.slots)

    def find(self, tokens: Tokens) -> list[slice]:
        """Say for each token where its postings lie."""
        places = np.searchsorted(self.tokens, tokens).tolist()
        found = []
        for token, place in zip(tokens, places, strict=True):
            known = place < len(self.tokens) and self.tokens[place] == token
            found.append(slice(*self.starts[place : place + 2].tolist()) if known else slice(0, 0))
        return found

    def moved(self, new_slots: NDArray[np.int64]) -> "Segment":
        """Give each slot its new number; the chunks of those that become -1 are left out."""
        slots = new_slots.take(self.slots)
        alive = slots >= 0
        ends = np.concatenate(([0], np.cumsum(alive)))[self.starts]
        used = np.diff(ends) > 0
        starts = np.append(ends[:-1][used], ends[-1])
        kept = slots[alive].astype(np.uint32)
        return Segment(self.tokens[used], starts, kept, self.counts[alive])


def write_segments(chunks: Sequence[Tokens], first_slot: int) -> Iterator[Segment]:
    """Make segments of chunks that take the slots from `first_slot` on."""
    for start in range(0, len(chunks), _SEGMENT_SLOTS_MAX):
        yield _written(chunks[start : start + _SEGMENT_SLOTS_MAX], first_slot + start)


def merge_segments(segments: Sequence[Segment]) -> Segment:
    """Merge segments whose slots rise from one to the next, in one pass over each."""
    tokens = np.sort(np.concatenate([segment.tokens for segment in segments]))
    tokens = tokens[_starts_of_runs(tokens)]  # in a fiftieth of the time that `unique` takes
    where = [np.searchsorted(tokens, segment.tokens) for segment in segments]
    sizes = np.zeros(len(tokens), np.int64)
    for segment, places in zip(segments, where, strict=True):
        sizes[places] += np.diff(segment.starts)
    starts = np.concatenate(([0], np.cumsum(sizes)))
    slots, counts = np.empty(starts[-1], np.uint32), np.empty(starts[-1], np.uint16)
    free = starts[:-1].copy()
    for segment, places in zip(segments, where, strict=True):
        lengths = np.diff(segment.starts)
        shift = np.repeat(free[places] - segment.starts[:-1], lengths)
        target = shift + np.arange(len(segment))
        slots[target], counts[target] = segment.slots, segment.counts
        free[places] += lengths
    return Segment(tokens, starts, slots, counts)


def _written(chunks: Sequence[Tokens], first_slot: int) -> Segment:
    slots = np.repeat(np.arange(len(chunks), dtype=np.uint64), [len(tokens) for tokens in chunks])
    keys = np.concatenate(chunks) << np.uint64(_SLOT_BITS) | slots
    keys.sort()
    firsts = _starts_of_runs(keys)
    counts = np.diff(firsts, append=len(keys)).clip(max=_COUNT_MAX).astype(np.uint16)
    keys = keys[firsts]
    tokens = keys >> np.uint64(_SLOT_BITS)
    slots = (keys & np.uint64(_SEGMENT_SLOTS_MAX - 1)) + np.uint64(first_slot)
    starts = _starts_of_runs(tokens)
    return Segment(tokens[starts], np.append(starts, len(keys)), slots.astype(np.uint32), counts)


def _starts_of_runs(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return where a sorted array takes each of its values first."""
    is_first = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=is_first[1:])
    return np.flatnonzero(is_first)
