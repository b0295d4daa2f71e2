"""One tenant's vectors in this process."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retrieval.access import AccessScope
from retrieval.rows import Batch, IndexedDocument
from retrieval.scripts import Script
from retrieval.settings import RetrievalSettings
from retrieval.vectors.faiss_store import DocumentVectors, FaissStore
from retrieval.vectors.port import Nearest
from retrieval.visibility import VisibilityClasses


class FaissVectors:
    """A `VectorStore` in memory; `classes` are those of the tenant's other indexes too."""

    is_shared: Final = False

    def __init__(
        self,
        classes: VisibilityClasses,
        dimensions: int,
        settings: RetrievalSettings,
        centre: Callable[[], NDArray[np.float32]],
    ) -> None:
        self._classes = classes
        self._store = FaissStore(dimensions, settings, centre)

    @property
    def document_ids(self) -> frozenset[str]:
        """Every document that has a vector."""
        return self._store.document_ids

    def reserve(self, vectors: int) -> None:
        """Set aside memory for a load of known size, which would else grow by doubling."""
        self._store.reserve(vectors)

    def apply(self, batch: Batch) -> None:
        """Hold of the touched documents exactly what the batch says."""
        for document_id in batch.touched:
            self._store.remove(document_id)
        for document in batch.documents:
            number = self._classes.number(document.document_class)
            held = DocumentVectors(number, document.vector_ids, document.vectors)
            self._store.put(document.document_id, held)

    def holds(self, document: IndexedDocument) -> bool:
        """Whether exactly this is held of a document."""
        held = self._store.get(document.document_id)
        if held is None:
            return not len(document.vector_ids)
        return (
            held.visibility == self._classes.number(document.document_class)
            and np.array_equal(held.chunk_ids, document.vector_ids)
            and np.array_equal(held.vectors, document.vectors)
        )

    def search(
        self,
        scope: AccessScope,
        query: NDArray[np.float32],
        limit: int,
        within: AbstractSet[str] | None = None,
    ) -> Mapping[Script, Nearest]:
        """Return, for each script, up to `limit` chunks that `scope` sees, nearest to `query`."""
        return {
            script: self._store.search(query, visible, limit, within)
            for script, visible in self._classes.visible(scope).items()
        }
