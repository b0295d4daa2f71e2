"""One tenant's blind tokens in memory, ranked by BM25 within what a scope sees.

What is put or removed shows after `commit` and `publish`. A search works on one published state,
which nothing changes any more, so it needs no lock.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

import numpy as np
from numpy.typing import NDArray

from retrieval.kernels.words import KernelWords
from retrieval.lexical.bm25 import ScopeStatistics, Scores, bm25, covered, visible_postings
from retrieval.lexical.document_evidence import document_evidence
from retrieval.lexical.postings import Tokens, numbers
from retrieval.lexical.word_state import PendingDocument, WordState
from retrieval.tie_breaks import best_first, highest
from retrieval.vectors.port import Nearest
from retrieval.visibility import HIDDEN, Visible

_TOKEN_BYTES_BUFFERED = 40
"""Memory that one token of a segment takes while it is written: itself, its slot, their order."""
_SCOPES_KEPT = 16  # a byte a passage each
_SWEEP_MIN = 1024  # sweeping out fewer deleted chunks than this is not worth a copy


class _Published:
    """What searches see, and what the last scopes saw of it."""

    def __init__(self, state: WordState, kernel: KernelWords | None = None) -> None:
        self.state = state
        self.kernel = kernel
        self._kept: dict[bytes, ScopeStatistics] = {}

    def statistics(self, visible: Visible, within: AbstractSet[str] | None) -> ScopeStatistics:
        """Return `WordState.statistics`, from memory if they were asked for before."""
        if within is not None:
            return self.state.statistics(visible, within)
        key = visible.tobytes()
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _SCOPES_KEPT:
                self._kept.clear()
            found = self._kept[key] = self.state.statistics(visible)
        return found


class WordIndex:
    """Words by chunk; searching is safe at any time, writing needs one writer at a time.

    `document_weight` is what the evidence of a passage's document counts beside its own.
    `kernels` says to search with the compiled kernel.
    """

    def __init__(
        self,
        buffer_bytes: int,
        compaction_share: float,
        document_weight: float = 0.0,
        *,
        kernels: bool = False,
    ) -> None:
        self._segment_tokens_max = buffer_bytes // _TOKEN_BYTES_BUFFERED
        self._compaction_share = compaction_share
        self._document_weight = np.float32(document_weight)
        self._kernels = kernels
        self._committed = WordState()
        self._published = _Published(self._committed)
        self._removed: set[str] = set()
        self._added: dict[str, PendingDocument] = {}
        self._added_tokens = 0

    def __len__(self) -> int:
        """Count the published chunks."""
        return int(np.count_nonzero(self._published.state.visibility != HIDDEN))

    @property
    def held_slots(self) -> int:
        """Count the published chunks and those that wait to be swept out."""
        return len(self._published.state.visibility)

    def put(
        self,
        document_id: str,
        visibility: int,
        chunk_ids: Sequence[int],
        tokens: Sequence[bytes],
        name: bytes = b"",
    ) -> None:
        """Add a document's chunks, in place of those it had; `tokens` has one entry a chunk.

        `name` holds the tokens of the document's name.
        """
        self.remove(document_id)
        if not chunk_ids:
            return
        words = [numbers(joined) for joined in tokens]
        self._added[document_id] = PendingDocument(visibility, chunk_ids, words, numbers(name))
        self._added_tokens += sum(map(len, words))
        if self._added_tokens > self._segment_tokens_max:
            self._write()

    def remove(self, document_id: str) -> None:
        """Delete a document's chunks, if it has any."""
        self._added.pop(document_id, None)
        self._removed.add(document_id)

    def commit(self) -> None:
        """Finish what was put and removed, without showing it yet."""
        self._write()
        self._committed = self._tidied(self._committed.merged()).counted()

    def publish(self) -> None:
        """Show the last commit to searches."""
        state, weight = self._committed, float(self._document_weight)
        self._published = _Published(state, KernelWords(state, weight) if self._kernels else None)

    def search(
        self,
        tokens: Sequence[bytes],
        visible: Visible,
        limit: int,
        within: AbstractSet[str] | None = None,
    ) -> Nearest:
        """Return up to `limit` visible chunks that hold any of `tokens`, best first."""
        return self.find(tokens, visible, limit, within)[0]

    def find(
        self,
        tokens: Sequence[bytes],
        visible: Visible,
        limit: int,
        within: AbstractSet[str] | None = None,
    ) -> tuple[Nearest, Callable[[], float]]:
        """Return chunks as `search`, and what tells how much of `tokens` any of them holds.

        `within` names the documents to which the search keeps, None all that are visible. Neither
        scores nor order depend on chunks that are not visible, or not within.
        """
        published = self._published
        state, scope = published.state, published.statistics(visible, within)
        if not tokens or not scope.chunks:
            return (), lambda: 0.0
        wanted = numbers(b"".join(dict.fromkeys(tokens)))
        if published.kernel is None:
            slots, scores, rarities = self._scored(state, wanted, scope)
        else:
            slots, scores, rarities = published.kernel.best(wanted, scope, limit)
        best = _best(slots, scores, state.places, limit)
        chosen = slots.take(best)
        chunks = state.chunk_ids.take(chosen)
        nearest = list(zip(chunks.tolist(), scores.take(best).tolist(), strict=True))
        return nearest, partial(covered, state.segments, wanted, rarities, chosen)

    def contents(self) -> dict[int, tuple[str, int]]:
        """Return the document and visibility class of every published chunk; slow."""
        state = self._published.state
        return {
            int(state.chunk_ids[slot]): (document_id, int(state.visibility[slot]))
            for document_id, slots in state.documents.items()
            for slot in range(slots.start, slots.stop)
        }

    def _scored(
        self, state: WordState, wanted: Tokens, scope: ScopeStatistics
    ) -> tuple[NDArray[np.intp], Scores, list[float]]:
        """Return the slots that hold any of the tokens, rising, their scores, and rarities."""
        words = visible_postings(state.segments, wanted, scope)
        scores, rarities = bm25(words, scope)
        found = np.flatnonzero(scores > 0)  # a third of the time that floats take
        scores = scores.take(found)
        if self._document_weight:
            evidence = document_evidence(state, wanted, rarities, scope)
            scores += self._document_weight * evidence.take(state.owners.take(found))
        return found, scores, rarities

    def _write(self) -> None:
        """Make segments of what was put; `commit` merges all of them in one pass."""
        state = self._committed.without(self._removed)
        if self._added:
            state = state.with_documents(self._added)
        self._committed = state
        self._removed, self._added, self._added_tokens = set(), {}, 0

    def _tidied(self, state: WordState) -> WordState:
        dead = int(np.count_nonzero(state.visibility == HIDDEN))
        if dead > max(_SWEEP_MIN, self._compaction_share * len(state.visibility)):
            return state.swept()
        return state


def _best(
    slots: NDArray[np.intp], scores: Scores, places: NDArray[np.uint64], limit: int
) -> NDArray[np.intp]:
    """Return which of the slots have the `limit` highest scores, best first."""
    best = highest(scores, limit)
    chosen = slots.take(best)
    order = best_first(scores.take(best), places.take(chosen), chosen)
    return best.take(order[:limit])
