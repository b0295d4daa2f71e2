"""One tenant's vectors in memory, searched over the visible ones.

As long as not too many are visible, a search computes the inner product with each of them, so
recall is 1 whatever share is visible; a graph index with a selective filter was measured at 0.41
to 0.74. Gathering the vectors of a tiny scope by hand instead was measured slower (0.55 ms against
0.26 ms for 1,000 of 100,000). Where more are visible, sketches choose some, and those are scored
exactly. Which way is taken depends on what the scope sees, never on what it does not.

The caller keeps writers away from readers.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import faiss as faiss_with_stubs
import numpy as np
from numpy.typing import NDArray

from retrieval.kernels.loading import kernels_used
from retrieval.settings import RetrievalSettings
from retrieval.tie_breaks import best_first, highest, place_of
from retrieval.vectors.port import NOTHING_HELD, Held, Nearest
from retrieval.vectors.sketches import Sketches
from retrieval.visibility import HIDDEN, Visible, marked

faiss: Any = faiss_with_stubs  # its stubs give C++'s signatures, not those of its Python wrappers

_SKETCHED_AT_ONCE = 16_384
_SCOPES_KEPT = 16  # a bit a vector each
_COMPACTION_MIN = 1024  # sweeping out fewer deleted vectors than this is not worth a copy


@dataclass(frozen=True, slots=True)
class DocumentVectors:
    """A document's vectors as the index holds them: float16, shape (chunks, dimensions)."""

    visibility: int
    chunk_ids: NDArray[np.int64]
    vectors: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class _ByChunk:
    """All chunk numbers, rising, and the position of each."""

    chunks: NDArray[np.int64]
    positions: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Selected:
    """What a search may find: a bit for each position, lowest first, and how many are set."""

    bitmap: NDArray[np.uint8]
    selector: Any
    count: int


class FaissStore:
    """Vectors by position; beside them each position's chunk number and visibility class."""

    def __init__(
        self,
        dimensions: int,
        settings: RetrievalSettings,
        centre: Callable[[], NDArray[np.float32]],
    ) -> None:
        self._index = _index(dimensions)
        self._settings = settings
        self._centre = centre
        self._sketches: Sketches | None = None
        self._chunk_ids = np.zeros(0, np.int64)
        self._visibility = np.zeros(0, np.int32)
        self._places = np.zeros(0, np.uint64)
        self._slices: dict[str, slice] = {}
        self._dead = 0
        self._selected_before: dict[bytes, _Selected] = {}
        self._by_chunk: _ByChunk | None = None

    def __len__(self) -> int:
        """Count the vectors that are not deleted."""
        return int(self._index.ntotal) - self._dead

    @property
    def document_ids(self) -> frozenset[str]:
        """Every document that has a vector."""
        return frozenset(self._slices)

    def reserve(self, vectors: int) -> None:
        """Set aside memory for a load of known size, which would else grow by doubling."""
        used = self._index.codes.size()
        self._index.codes.resize(max(used, vectors * self._index.code_size))
        self._index.codes.resize(used)
        self._grow(vectors)

    def put(self, document_id: str, document: DocumentVectors) -> None:
        """Add a document's vectors, in place of those it had."""
        self._forget()
        self.remove(document_id)
        if not len(document.chunk_ids):
            return
        start, end = self._index.ntotal, self._index.ntotal + len(document.chunk_ids)
        self._index.add_sa_codes(np.ascontiguousarray(document.vectors, "<f2").view(np.uint8))
        if end > len(self._chunk_ids):
            self._grow(end + end // 2)
        self._chunk_ids[start:end] = document.chunk_ids
        self._visibility[start:end] = document.visibility
        self._places[start:end] = place_of(document_id)
        self._slices[document_id] = slice(start, end)
        self._sketch(document.vectors)

    def remove(self, document_id: str) -> None:
        """Hide a document's vectors for good, if it has any."""
        self._forget()
        positions = self._slices.pop(document_id, None)
        if positions is None:
            return
        self._visibility[positions] = HIDDEN
        self._dead += positions.stop - positions.start
        if self._dead > max(_COMPACTION_MIN, self._settings.compaction_share * self._index.ntotal):
            self._compact()

    def get(self, document_id: str) -> DocumentVectors | None:
        """Return a copy of what is held of a document."""
        positions = self._slices.get(document_id)
        if positions is None:
            return None
        return DocumentVectors(
            visibility=int(self._visibility[positions.start]),
            chunk_ids=self._chunk_ids[positions].copy(),
            vectors=self._codes()[positions].copy(),
        )

    def search(
        self,
        query: NDArray[np.float32],
        visible: Visible,
        limit: int,
        within: AbstractSet[str] | None = None,
    ) -> Nearest:
        """Return up to `limit` visible chunks nearest to `query` (dimensions,), best first.

        `within` names the documents to which the search keeps, None all that are visible.
        """
        total = self._index.ntotal
        if not total or not visible.any():
            return []
        # One thread a search: many searches run at once, and threads inside each would only
        # fight. The setting belongs to the calling thread, so it is made each time.
        faiss.omp_set_num_threads(1)
        chosen = self._selected(visible, within)
        if chosen.count > self._settings.exact_vectors_max:
            scores, positions = self._likely(query, chosen, limit)
        else:
            parameters = faiss.SearchParameters(sel=chosen.selector)
            scores, positions = _nearest(self._index, query[None, :], limit, parameters)
        order = best_first(scores, self._places[positions], positions)[:limit]
        chunks = self._chunk_ids[positions[order]].tolist()
        return list(zip(chunks, scores[order].tolist(), strict=True))

    def vectors(self, visible: Visible, chunks: Sequence[int]) -> Held:
        """Return the vectors of those of `chunks` that are held here and visible."""
        known, wanted = self._in_order(), np.array(chunks, np.int64)
        if not len(known.chunks):
            return NOTHING_HELD
        # The last of equal numbers: those before it were deleted.
        last = np.searchsorted(known.chunks, wanted, side="right") - 1
        positions = known.positions.take(last, mode="clip")
        here = self._chunk_ids.take(positions) == wanted
        here &= visible.take(self._visibility.take(positions))
        places = np.flatnonzero(here)
        codes = self._codes().take(positions.take(places), axis=0)
        return Held(places, codes.astype(np.float32))

    def _in_order(self) -> _ByChunk:
        """Sort the chunk numbers when they are first needed after a change.

        They mostly rise already, and then this takes a few milliseconds for a million.
        """
        found = self._by_chunk  # one look: another search may sort, too
        if found is None:
            held = self._chunk_ids[: self._index.ntotal]
            order = np.argsort(held, kind="stable")
            found = self._by_chunk = _ByChunk(held.take(order), order)
        return found

    def _forget(self) -> None:
        """Drop what was worked out from the contents."""
        self._selected_before = {}
        self._by_chunk = None

    def _selected(self, visible: Visible, within: AbstractSet[str] | None) -> _Selected:
        """Select what is visible, and count it; what the last scopes see is kept until a change."""
        if within is not None:
            return self._select(visible, within)
        key = visible.tobytes()
        found = self._selected_before.get(key)  # one look: another search may empty it
        if found is None:
            if len(self._selected_before) >= _SCOPES_KEPT:
                self._selected_before = {}
            found = self._selected_before[key] = self._select(visible, None)
        return found

    def _select(self, visible: Visible, within: AbstractSet[str] | None) -> _Selected:
        total = self._index.ntotal
        here = visible.take(self._visibility[:total])  # half the time of an index
        if within is not None:
            here &= marked(within, self._slices, total)
        return _selected(here)

    def _sketch(self, added: NDArray[np.float16]) -> None:
        """Keep a sketch of every vector from when there are more than are searched exactly."""
        if self._sketches is not None:
            self._sketches.add(added)
        elif self._index.ntotal > self._settings.exact_vectors_max:
            self._sketches = Sketches(self._centre())
            codes = self._codes()
            for start in range(0, len(codes), _SKETCHED_AT_ONCE):
                self._sketches.add(codes[start : start + _SKETCHED_AT_ONCE])

    def _likely(
        self, query: NDArray[np.float32], chosen: _Selected, limit: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Score exactly what the sketches propose."""
        settings = self._settings
        share = round(chosen.count * settings.sketched_candidates_share)
        count = min(max(limit, settings.sketched_candidates_min, share), self._index.ntotal)
        if kernels_used(settings):
            scores, likely = self._sketched.scored(query, self._codes(), chosen.bitmap, count)
            best = highest(scores, limit)
            return scores[best], likely[best]
        likely = self._sketched.likely(query, chosen.selector, count)
        some = _index(self._index.d)  # half the time of numpy, and the scores of an exact search
        some.add_sa_codes(self._codes().take(likely, axis=0).view(np.uint8))
        scores, places = _nearest(some, query[None, :], limit)
        return scores, likely[places]

    @property
    def _sketched(self) -> Sketches:
        # More are visible than are searched exactly, so more are held: they have been sketched.
        if self._sketches is None:
            raise RuntimeError("more vectors than are searched exactly, and no sketches")
        return self._sketches

    def _grow(self, capacity: int) -> None:
        for name in ("_chunk_ids", "_visibility", "_places"):
            old = getattr(self, name)
            grown = np.zeros(max(capacity, len(old)), old.dtype)
            grown[: len(old)] = old
            setattr(self, name, grown)

    def _codes(self) -> NDArray[np.float16]:
        """View the vectors in place; valid only until the next change."""
        total, size = self._index.ntotal, self._index.code_size
        raw = faiss.rev_swig_ptr(self._index.codes.data(), total * size)
        codes: NDArray[np.float16] = raw.view("<f2").reshape(total, self._index.d)
        return codes

    def _compact(self) -> None:
        """Close the gaps in place; the order of positions stays."""
        total = self._index.ntotal
        alive = self._visibility[:total] != HIDDEN
        dead = _selected(~alive).selector
        self._index.remove_ids(dead)
        if self._sketches is not None:
            self._sketches.remove(dead)
        kept = self._index.ntotal
        self._chunk_ids[:kept] = self._chunk_ids[:total][alive]
        self._visibility[:kept] = self._visibility[:total][alive]
        self._places[:kept] = self._places[:total][alive]
        moved = np.concatenate(([0], np.cumsum(alive)))
        self._slices = {
            document_id: slice(int(moved[positions.start]), int(moved[positions.stop]))
            for document_id, positions in self._slices.items()
        }
        self._dead = 0


def _index(dimensions: int) -> Any:
    return faiss.IndexScalarQuantizer(
        dimensions, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )


def _nearest(
    index: Any, queries: NDArray[np.float32], limit: int, parameters: Any = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the `limit` nearest, and with them all that are as near as the last of them.

    FAISS keeps those of lower position, which depends on what else was stored.
    """
    wanted = min(limit + 1, index.ntotal)
    (scores,), (positions,) = index.search(queries, wanted, params=parameters)
    found = positions >= 0
    scores, positions = scores[found], positions[found]
    if len(scores) > limit and scores[limit] == scores[limit - 1]:
        below = float(np.nextafter(scores[limit], np.float32(-np.inf)))
        _, scores, positions = index.range_search(queries, below, params=parameters)
    return scores, positions


def _selected(chosen: NDArray[np.bool_]) -> _Selected:
    """Select positions: bit i of the bitmap is bit i % 8 (lowest first) of byte i / 8.

    FAISS takes the size in bytes and treats positions beyond it as not selected.
    """
    bitmap = np.packbits(chosen, bitorder="little")
    return _Selected(bitmap, faiss.IDSelectorBitmap(bitmap), int(np.count_nonzero(chosen)))
