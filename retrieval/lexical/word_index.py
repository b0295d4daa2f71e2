"""One tenant's blind tokens in memory, ranked by BM25 within what a scope sees.

What is put or removed shows after `commit` and `publish`. A search works on one published state,
which nothing changes any more, so it needs no lock.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from retrieval.lexical.bm25 import ScopeStatistics, Scores, bm25
from retrieval.lexical.postings import Segment, Tokens, merge_segments, numbers, write_segments
from retrieval.tie_breaks import best_first, place_of
from retrieval.visibility import HIDDEN, Visible, marked

_TOKEN_BYTES_BUFFERED = 40
"""Memory that one token of a segment takes while it is written: itself, its slot, their order."""
_SWEEP_MIN = 1024  # sweeping out fewer deleted chunks than this is not worth a copy


@dataclass(frozen=True, slots=True)
class _State:
    """What searches see; all arrays are by slot, and a document's slots are one slice."""

    segments: tuple[Segment, ...] = ()
    chunk_ids: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    visibility: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    lengths: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    places: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    documents: dict[str, slice] = field(default_factory=dict)
    totals: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By visibility class: chunks and tokens."""

    def statistics(
        self, visible: Visible, within: AbstractSet[str] | None = None
    ) -> ScopeStatistics:
        """Add up what the visible classes hold, in the documents `within` if it names any."""
        if within is not None:
            return self._counted_within(visible, within)
        seen = [totals for number, totals in self.totals.items() if visible[number]]
        return ScopeStatistics(
            visible=visible.take(self.visibility),
            lengths=self.lengths,
            chunks=sum(chunks for chunks, _ in seen),
            tokens=sum(tokens for _, tokens in seen),
        )

    def _counted_within(self, visible: Visible, within: AbstractSet[str]) -> ScopeStatistics:
        chosen = visible.take(self.visibility)
        chosen &= marked(within, self.documents, len(chosen))
        return ScopeStatistics(
            visible=chosen,
            lengths=self.lengths,
            chunks=int(np.count_nonzero(chosen)),
            tokens=int(self.lengths[chosen].sum(dtype=np.float64)),  # so exact
        )


@dataclass(frozen=True, slots=True)
class _Pending:
    """A document that waits for the next commit."""

    visibility: int
    chunk_ids: Sequence[int]
    tokens: Sequence[Tokens]


class WordIndex:
    """Words by chunk; searching is safe at any time, writing needs one writer at a time."""

    def __init__(self, buffer_bytes: int, compaction_share: float) -> None:
        self._segment_tokens_max = buffer_bytes // _TOKEN_BYTES_BUFFERED
        self._compaction_share = compaction_share
        self._published = self._committed = _State()
        self._removed: set[str] = set()
        self._added: dict[str, _Pending] = {}
        self._added_tokens = 0

    def __len__(self) -> int:
        """Count the published chunks."""
        return int(np.count_nonzero(self._published.visibility != HIDDEN))

    @property
    def held_slots(self) -> int:
        """Count the published chunks and those that wait to be swept out."""
        return len(self._published.visibility)

    def put(
        self,
        document_id: str,
        visibility: int,
        chunk_ids: Sequence[int],
        tokens: Sequence[bytes],
    ) -> None:
        """Add a document's chunks, in place of those it had; `tokens` has one entry a chunk."""
        self.remove(document_id)
        pending = _Pending(visibility, chunk_ids, [numbers(joined) for joined in tokens])
        self._added[document_id] = pending
        self._added_tokens += sum(map(len, pending.tokens))
        if self._added_tokens > self._segment_tokens_max:
            self.commit()

    def remove(self, document_id: str) -> None:
        """Delete a document's chunks, if it has any."""
        self._added.pop(document_id, None)
        self._removed.add(document_id)

    def commit(self) -> None:
        """Finish what was put and removed, without showing it yet."""
        state = _without(self._committed, self._removed)
        if self._added:
            state = _with(state, self._added)
        self._committed = _counted(self._tidied(state))
        self._removed, self._added, self._added_tokens = set(), {}, 0

    def publish(self) -> None:
        """Show the last commit to searches."""
        self._published = self._committed

    def search(
        self,
        tokens: Sequence[bytes],
        visible: Visible,
        limit: int,
        within: AbstractSet[str] | None = None,
    ) -> Sequence[int]:
        """Return up to `limit` visible chunks that hold any of `tokens`, best first.

        `within` names the documents to which the search keeps, None all that are visible. Neither
        scores nor order depend on chunks that are not visible, or not within.
        """
        state = self._published
        scope = state.statistics(visible, within)
        if not tokens or not scope.chunks:
            return []
        wanted = numbers(b"".join(dict.fromkeys(tokens)))
        best = _best(bm25(state.segments, wanted, scope), state.places, limit)
        return [int(number) for number in state.chunk_ids[best]]

    def contents(self) -> dict[int, tuple[str, int]]:
        """Return the document and visibility class of every published chunk; slow."""
        state = self._published
        return {
            int(state.chunk_ids[slot]): (document_id, int(state.visibility[slot]))
            for document_id, slots in state.documents.items()
            for slot in range(slots.start, slots.stop)
        }

    def _tidied(self, state: _State) -> _State:
        dead = int(np.count_nonzero(state.visibility == HIDDEN))
        if dead > max(_SWEEP_MIN, self._compaction_share * len(state.visibility)):
            return _swept(state)
        return state


def _without(state: _State, document_ids: set[str]) -> _State:
    gone = [state.documents[key] for key in document_ids & state.documents.keys()]
    if not gone:
        return state
    visibility = state.visibility.copy()
    for slots in gone:
        visibility[slots] = HIDDEN
    kept = {key: slots for key, slots in state.documents.items() if key not in document_ids}
    return replace(state, visibility=visibility, documents=kept)


def _with(state: _State, added: dict[str, _Pending]) -> _State:
    first = start = len(state.chunk_ids)
    documents = dict(state.documents)
    for document_id, document in added.items():
        documents[document_id] = slice(start, start := start + len(document.chunk_ids))
    sizes = [len(document.chunk_ids) for document in added.values()]
    tokens = list(chain.from_iterable(document.tokens for document in added.values()))
    ids = list(chain.from_iterable(document.chunk_ids for document in added.values()))
    classes = np.repeat([document.visibility for document in added.values()], sizes)
    places = np.repeat(np.array([place_of(key) for key in added], np.uint64), sizes)
    segments = (*state.segments, *write_segments(tokens, first))
    return _State(
        segments=_merged(segments),
        chunk_ids=np.append(state.chunk_ids, np.array(ids, np.int64)),
        visibility=np.append(state.visibility, classes.astype(np.int32)),
        lengths=np.append(state.lengths, np.array(list(map(len, tokens)), np.float32)),
        places=np.append(state.places, places),
        documents=documents,
    )


def _merged(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Merge the last segments until each is at least twice the next: few, and seldom rewritten."""
    kept = list(segments)
    while len(kept) > 1 and len(kept[-2]) < 2 * len(kept[-1]):
        last = kept.pop()
        kept[-1] = merge_segments([kept[-1], last])
    return tuple(kept)


def _swept(state: _State) -> _State:
    """Close the gaps that deleted chunks left; the order of slots stays."""
    alive = state.visibility != HIDDEN
    before = np.concatenate(([0], np.cumsum(alive)))
    new_slots = np.where(alive, before[:-1], -1)
    return _State(
        segments=tuple(segment.moved(new_slots) for segment in state.segments),
        chunk_ids=state.chunk_ids[alive],
        visibility=state.visibility[alive],
        lengths=state.lengths[alive],
        places=state.places[alive],
        documents={
            key: slice(int(before[slots.start]), int(before[slots.stop]))
            for key, slots in state.documents.items()
        },
    )


def _counted(state: _State) -> _State:
    chunks = np.bincount(state.visibility)
    tokens = np.bincount(state.visibility, state.lengths)  # in float64, so exact
    used = np.flatnonzero(chunks).tolist()
    totals = {number: (int(chunks[number]), int(tokens[number])) for number in used}
    return replace(state, totals=totals)


def _best(scores: Scores, places: NDArray[np.uint64], limit: int) -> NDArray[np.intp]:
    """Return the slots of the `limit` highest scores above nought, best first."""
    found = np.flatnonzero(scores > 0)  # a third of the time that floats take
    if len(found) > limit:
        least = np.partition(scores[found], len(found) - limit)[len(found) - limit]
        found = found[scores[found] >= least]  # all that tie for the last place
    order = best_first(scores[found], places[found], found)
    return found[order[:limit]]
