"""The indexes of one tenant, vectors and words, changed and searched as one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial

import numpy as np

from retrieval.access import AccessScope
from retrieval.kernels.loading import kernels_used
from retrieval.lexical.word_index import WordIndex
from retrieval.locks import SharedLock
from retrieval.rows import Batch, IndexedDocument
from retrieval.scripts import Script
from retrieval.settings import RetrievalSettings
from retrieval.side_by_side import LARGE_FROM, beside
from retrieval.stages import Observer, stage
from retrieval.vectors.port import NOTHING_HELD, Held, Nearest, Queries, VectorStore
from retrieval.visibility import VisibilityClasses

Words = Mapping[int, tuple[str, int]]
"""By chunk number: its document and visibility class, as the lexical index holds them."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the indexes propose, best first: by meaning, in each script, and by words.

    `covered` tells how much of the question's words any of them holds: from 0 to 1, and rare ones
    count more. `vectors` brings those of some candidates. Both are called only where they matter.
    """

    dense: Mapping[Script, Nearest]
    lexical: Nearest
    covered: Callable[[], float] = lambda: 1.0
    vectors: Callable[[Sequence[int]], Held] = lambda _chunks: NOTHING_HELD


class TenantIndex:
    """One tenant's vectors and words. One thread at a time may `load` or `apply`."""

    def __init__(
        self, vectors: VectorStore, classes: VisibilityClasses, settings: RetrievalSettings
    ) -> None:
        self._classes = classes
        self._vectors = vectors
        self._words = WordIndex(
            settings.lexical_buffer_bytes,
            settings.compaction_share,
            settings.document_weight,
            kernels=kernels_used(settings),
        )
        self._lock = SharedLock()

    def __len__(self) -> int:
        """Count the chunks."""
        return len(self._words)

    def load(self, batches: Iterable[Batch]) -> None:
        """Fill an index that nobody searches yet."""
        for batch in batches:
            self._put_words(batch)
            self._put_vectors(batch)
        self._words.commit()
        self._words.publish()

    def apply(self, batch: Batch) -> None:
        """Bring the touched documents up to date; searches see all of it or none."""
        self._put_words(batch)
        self._words.commit()
        with self._lock.exclusive():
            self._put_vectors(batch)
            self._words.publish()

    def search(
        self,
        scope: AccessScope,
        queries: Queries,
        tokens: Sequence[bytes],
        limit: int,
        observe: Observer,
        *,
        within: AbstractSet[str] | None = None,
    ) -> Candidates:
        """Ask for up to `limit` chunks that `scope` sees, in each script and by words.

        `within` names the documents that fit the scope's filters, None when it has none.
        """

        def by_meaning() -> Mapping[Script, Nearest]:
            with stage(observe, "dense"):
                return self._vectors.search(scope, queries, limit, within)

        def by_words() -> tuple[Nearest, Callable[[], float]]:
            with stage(observe, "lexical"):
                visible = np.logical_or.reduce(list(self._classes.visible(scope).values()))
                return self._words.find(tokens, visible, limit, within)

        vectors = partial(self.vectors, scope)
        if self._vectors.is_shared:  # a network must not hold up updates
            dense = by_meaning()
            with self._lock.shared():
                return Candidates(dense, *by_words(), vectors)
        with self._lock.shared():
            words = beside(by_words) if self._words.held_slots >= LARGE_FROM else by_words
            return Candidates(by_meaning(), *words(), vectors)

    def vectors(self, scope: AccessScope, chunks: Sequence[int]) -> Held:
        """Return the vectors of those of `chunks` that are held and that `scope` sees."""
        if self._vectors.is_shared:
            return self._vectors.vectors(scope, chunks)
        with self._lock.shared():
            return self._vectors.vectors(scope, chunks)

    def documents_with_vectors(self) -> frozenset[str]:
        """Name every document of which vectors are held."""
        return self._vectors.document_ids

    def words_by_chunk(self) -> Words:
        """Say for every chunk under which document and class its words are held."""
        return self._words.contents()

    def holds(self, document: IndexedDocument, words: Words) -> bool:
        """Whether the indexes hold exactly this of a document; `words` as `words_by_chunk`."""
        visibility = self._class_of(document)
        expected = (document.document_id, visibility)
        if any(words.get(chunk_id) != expected for chunk_id in document.chunk_ids):
            return False
        return self._vectors.holds(document)

    def _class_of(self, document: IndexedDocument) -> int:
        return self._classes.number(document.document_class)

    def _put_words(self, batch: Batch) -> None:
        for document_id in batch.touched:
            self._words.remove(document_id)
        for document in batch.documents:
            visibility = self._class_of(document)
            self._words.put(
                document.document_id,
                visibility,
                document.chunk_ids,
                document.tokens,
                document.name_tokens,
            )

    def _put_vectors(self, batch: Batch) -> None:
        if not self._vectors.is_shared:
            self._vectors.apply(batch)
