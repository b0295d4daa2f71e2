"""One tenant's vectors in this process."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retrieval.access import AccessScope
from retrieval.rows import Batch, IndexedDocument
from retrieval.scripts import SCRIPTS, Script
from retrieval.settings import RetrievalSettings
from retrieval.side_by_side import LARGE_FROM, beside
from retrieval.vectors.faiss_store import DocumentVectors, FaissStore
from retrieval.vectors.port import NOTHING_HELD, Held, Nearest, Queries
from retrieval.visibility import VisibilityClasses

Centre = Callable[[Script], NDArray[np.float32]]
"""Where the embedder puts texts of a script, whatever is stored."""


class FaissVectors:
    """A `VectorStore` in memory; `classes` are those of the tenant's other indexes too.

    Each script is a store of its own: a search asks each one for itself, and passing over the
    others' vectors was measured to take as long as passing over all hidden ones.
    """

    is_shared: Final = False

    def __init__(
        self,
        classes: VisibilityClasses,
        dimensions: int,
        settings: RetrievalSettings,
        centre: Centre,
    ) -> None:
        self._classes = classes
        self._stores = {
            script: FaissStore(dimensions, settings, partial(centre, script)) for script in SCRIPTS
        }

    @property
    def document_ids(self) -> frozenset[str]:
        """Every document that has a vector."""
        return frozenset[str]().union(*(store.document_ids for store in self._stores.values()))

    def reserve(self, vectors: Mapping[Script, int]) -> None:
        """Set aside memory for a load of known size, which would else grow by doubling."""
        for script, count in vectors.items():
            self._stores[script].reserve(count)

    def apply(self, batch: Batch) -> None:
        """Hold of the touched documents exactly what the batch says."""
        for document_id in batch.touched:
            for store in self._stores.values():
                store.remove(document_id)
        for document in batch.documents:
            number = self._classes.number(document.document_class)
            held = DocumentVectors(number, document.vector_ids, document.vectors)
            self._stores[document.document_class.script].put(document.document_id, held)

    def holds(self, document: IndexedDocument) -> bool:
        """Whether exactly this is held of a document."""
        found = [store.get(document.document_id) for store in self._stores.values()]
        held = [one for one in found if one is not None]
        if not held:
            return not len(document.vector_ids)
        return (
            len(held) == 1
            and held[0].visibility == self._classes.number(document.document_class)
            and np.array_equal(held[0].chunk_ids, document.vector_ids)
            and np.array_equal(held[0].vectors, document.vectors)
        )

    def search(
        self,
        scope: AccessScope,
        queries: Queries,
        limit: int,
        within: AbstractSet[str] | None = None,
    ) -> Mapping[Script, Nearest]:
        """Return, for each script, up to `limit` chunks that `scope` sees, best first."""
        seen = self._classes.visible(scope)

        def nearest(script: Script) -> Nearest:
            return self._stores[script].search(queries[script], seen[script], limit, within)

        sizes = {script: len(store) for script, store in self._stores.items()}
        if sum(sizes.values()) < LARGE_FROM:
            return {script: nearest(script) for script in SCRIPTS}
        largest_first = sorted(SCRIPTS, key=lambda script: -sizes[script])
        found = {script: beside(partial(nearest, script)) for script in largest_first}
        return {script: result() for script, result in found.items()}

    def vectors(self, scope: AccessScope, chunks: Sequence[int]) -> Held:
        """Return the vectors of those of `chunks` that are held and that `scope` sees."""
        seen = self._classes.visible(scope)
        each = [self._stores[script].vectors(seen[script], chunks) for script in SCRIPTS]
        found = [held for held in each if len(held.places)]
        if not found:
            return NOTHING_HELD
        places, vectors = zip(*found, strict=True)
        return Held(np.concatenate(places), np.concatenate(vectors))
