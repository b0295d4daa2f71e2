"""What searches of words see: one immutable state, made from the one before.

A passage is a slot: its position in the arrays. A document's slots follow one another. Documents
are numbered too, in the order in which they came; whose number a slot has is its owner.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from retrieval.lexical.bm25 import ScopeStatistics
from retrieval.lexical.postings import Segment, Tokens, merge_segments, write_segments
from retrieval.tie_breaks import place_of
from retrieval.visibility import HIDDEN, Visible, marked

_T = TypeVar("_T")
_NOTHING: Tokens = np.zeros(0, np.uint64)


class Totals(NamedTuple):
    """What the chunks of one visibility class have together."""

    chunks: int
    tokens: int
    documents: int


@dataclass(frozen=True, slots=True)
class PendingDocument:
    """A document that waits to be added; `tokens` has one entry for each of `chunk_ids`."""

    visibility: int
    chunk_ids: Sequence[int]
    tokens: Sequence[Tokens]
    name: Tokens

    def at_first(self, tokens: Tokens) -> list[Tokens]:
        """Give tokens of the whole document to its first passage, and none to the others."""
        return [tokens, *(_NOTHING for _ in self.tokens[1:])]


@dataclass(frozen=True, slots=True)
class WordState:
    """Arrays are by slot, but `firsts` (slots), `document_tokens` and `name_tokens` by owner.

    `wholes` tell how often whole documents hold words, `names` those of their names; both at the
    document's first slot.
    """

    segments: tuple[Segment, ...] = ()
    wholes: tuple[Segment, ...] = ()
    names: tuple[Segment, ...] = ()
    chunk_ids: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    visibility: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    lengths: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    places: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    owners: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    firsts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    document_tokens: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    name_tokens: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    documents: Mapping[str, slice] = field(default_factory=dict)
    totals: Mapping[int, Totals] = field(default_factory=dict)
    """By visibility class."""

    def statistics(
        self, visible: Visible, within: AbstractSet[str] | None = None
    ) -> ScopeStatistics:
        """Add up what the visible classes hold, in the documents `within` if it names any."""
        if within is None:
            return self._of_classes(visible)
        chosen = visible.take(self.visibility)
        chosen &= marked(within, self.documents, len(chosen))
        chunks = int(np.count_nonzero(chosen))
        tokens = int(self.lengths[chosen].sum(dtype=np.float64))  # so exact
        documents = int(np.count_nonzero(chosen.take(self.firsts)))
        return ScopeStatistics(chosen, self.lengths, chunks, tokens, documents)

    def _of_classes(self, visible: Visible) -> ScopeStatistics:
        seen = [totals for number, totals in self.totals.items() if visible[number]]
        chunks, tokens, documents = map(sum, zip(*seen, strict=True)) if seen else (0, 0, 0)
        sees_all = chunks == len(self.visibility)
        chosen = None if sees_all else visible.take(self.visibility)
        return ScopeStatistics(chosen, self.lengths, chunks, tokens, documents)

    def without(self, document_ids: AbstractSet[str]) -> "WordState":
        """Hide documents for good."""
        gone = [self.documents[key] for key in document_ids & self.documents.keys()]
        if not gone:
            return self
        visibility = self.visibility.copy()
        for slots in gone:
            visibility[slots] = HIDDEN
        kept = {key: slots for key, slots in self.documents.items() if key not in document_ids}
        return replace(self, visibility=visibility, documents=kept)

    def with_documents(self, added: Mapping[str, PendingDocument]) -> "WordState":
        """Add documents; none of them is held, and each has a passage."""
        first, owner = len(self.chunk_ids), len(self.firsts)
        sizes = [len(document.chunk_ids) for document in added.values()]
        starts = first + np.cumsum([0, *sizes])
        slices = map(slice, starts[:-1].tolist(), starts[1:].tolist())
        tokens = _chained(document.tokens for document in added.values())
        wholes = _chained(one.at_first(np.concatenate(one.tokens)) for one in added.values())
        names = _chained(one.at_first(one.name) for one in added.values())
        ids = _chained(document.chunk_ids for document in added.values())
        classes = np.repeat([document.visibility for document in added.values()], sizes)
        places = np.repeat(np.array([place_of(key) for key in added], np.uint64), sizes)
        owners = np.repeat(np.arange(owner, owner + len(added)), sizes)
        name_tokens = [len(document.name) for document in added.values()]
        return replace(
            self,
            segments=(*self.segments, *write_segments(tokens, first)),
            wholes=(*self.wholes, *write_segments(wholes, first)),
            names=(*self.names, *write_segments(names, first)),
            chunk_ids=np.append(self.chunk_ids, np.array(ids, np.int64)),
            visibility=np.append(self.visibility, classes.astype(np.int32)),
            lengths=np.append(self.lengths, np.array(list(map(len, tokens)), np.float32)),
            places=np.append(self.places, places),
            owners=np.append(self.owners, owners.astype(np.int32)),
            firsts=np.append(self.firsts, starts[:-1]),
            name_tokens=np.append(self.name_tokens, np.array(name_tokens, np.float32)),
            documents={**self.documents, **dict(zip(added, slices, strict=True))},
        )

    def merged(self) -> "WordState":
        """Leave few segments to search."""
        return replace(
            self,
            segments=_merged(self.segments),
            wholes=_merged(self.wholes),
            names=_merged(self.names),
        )

    def swept(self) -> "WordState":
        """Close the gaps that deleted chunks left; the order of slots stays."""
        alive = self.visibility != HIDDEN
        before = np.concatenate(([0], np.cumsum(alive)))
        new_slots = np.where(alive, before[:-1], -1)
        owned = alive.take(self.firsts)
        new_owners = np.cumsum(owned) - 1
        return WordState(
            segments=tuple(segment.moved(new_slots) for segment in self.segments),
            wholes=tuple(segment.moved(new_slots) for segment in self.wholes),
            names=tuple(segment.moved(new_slots) for segment in self.names),
            chunk_ids=self.chunk_ids[alive],
            visibility=self.visibility[alive],
            lengths=self.lengths[alive],
            places=self.places[alive],
            owners=new_owners.take(self.owners[alive]).astype(np.int32),
            firsts=new_slots.take(self.firsts[owned]),
            name_tokens=self.name_tokens[owned],
            documents={
                key: slice(int(before[slots.start]), int(before[slots.stop]))
                for key, slots in self.documents.items()
            },
        )

    def counted(self) -> "WordState":
        """Add up the tokens of each class and of each document."""
        chunks = np.bincount(self.visibility)
        tokens = np.bincount(self.visibility, self.lengths)  # in float64, so exact
        documents = np.bincount(self.visibility.take(self.firsts), minlength=len(chunks))
        totals = {
            number: Totals(int(chunks[number]), int(tokens[number]), int(documents[number]))
            for number in np.flatnonzero(chunks).tolist()
        }
        by_owner = np.bincount(self.owners, self.lengths, minlength=len(self.firsts))
        return replace(self, totals=totals, document_tokens=by_owner.astype(np.float32))


def _chained(parts: Iterable[Sequence[_T]]) -> list[_T]:
    return list(chain.from_iterable(parts))


def _merged(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Merge the last segments until each is at least twice the next: few, and seldom rewritten."""
    first, size = len(segments), 0
    while first and (not size or len(segments[first - 1]) < 2 * size):
        first -= 1
        size += len(segments[first])
    last = segments[first:]
    return (*segments[:first], merge_segments(last)) if len(last) > 1 else segments
