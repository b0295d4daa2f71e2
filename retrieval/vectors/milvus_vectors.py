"""One tenant's vectors on a Milvus server."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, TypeVar

import numpy as np

from retrieval.access import AccessScope
from retrieval.chunk_codec import VECTOR_TYPE
from retrieval.rows import Batch, IndexedDocument
from retrieval.scripts import SCRIPTS, Script
from retrieval.tie_breaks import place_of
from retrieval.vectors.milvus_collection import MilvusCollection
from retrieval.vectors.milvus_filter import chunks_filter, documents_filter, milvus_filter
from retrieval.vectors.port import NOTHING_HELD, Held, Nearest, Queries

_Thing = TypeVar("_Thing")

_ROWS_AT_ONCE: Final = 4096  # 6 MB with 384 dimensions; servers take 64 MB in one request
_SEARCH_MAX: Final = 16_384
"""Most hits that a server returns."""


class MilvusVectors:
    """A `VectorStore` in the collection of all tenants, by the tenant's partition key."""

    is_shared: Final = True

    def __init__(self, collection: MilvusCollection, tenant_id: str) -> None:
        self._collection = collection
        self._tenant_id = tenant_id

    @property
    def document_ids(self) -> frozenset[str]:
        """Every document that has a vector."""
        rows = self._collection.every_row(documents_filter(self._tenant_id), ["document_id"])
        return frozenset(str(row["document_id"]) for row in rows)

    def apply(self, batch: Batch) -> None:
        """Hold of the touched documents exactly what the batch says.

        Deletes and inserts: an upsert of 2.3 into a collection with a partition key puts rows
        where no search looks for them.
        """
        held = self._collection.rows(documents_filter(self._tenant_id, batch.touched), ["id"])
        rows = [row for document in batch.documents for row in self._rows(document)]
        # Also those that are about to come: a writer that died may have left them half written.
        numbers = {int(row["id"]) for row in (*held, *rows)}
        for deleted in _sliced(sorted(numbers)):
            self._collection.delete(deleted)
        for inserted in _sliced(rows):
            self._collection.insert(inserted)

    def holds(self, document: IndexedDocument) -> bool:
        """Whether exactly this is held of a document."""
        fields = ["id", "acl_id", "collection_id", "script", "vector"]
        held = self._collection.rows(
            documents_filter(self._tenant_id, [document.document_id]), fields
        )
        held.sort(key=lambda row: int(row["id"]))
        if [int(row["id"]) for row in held] != sorted(document.vector_ids.tolist()):
            return False
        if not held:
            return True
        known = document.document_class
        expected = (known.acl_id, known.collection_id, known.script)
        vectors = np.array([row["vector"] for row in held], np.float32).astype(VECTOR_TYPE)
        return np.array_equal(vectors, document.vectors[np.argsort(document.vector_ids)]) and all(
            (row["acl_id"], row["collection_id"], row["script"]) == expected for row in held
        )

    def search(
        self,
        scope: AccessScope,
        queries: Queries,
        limit: int,
        within: AbstractSet[str] | None = None,
    ) -> Mapping[Script, Nearest]:
        """Return, for each script, up to `limit` chunks that `scope` sees, best first."""
        if scope.is_empty or scope.tenant_id != self._tenant_id:
            return {script: [] for script in SCRIPTS}
        allowed = milvus_filter(scope)
        if within is not None:
            allowed += " and " + documents_filter(self._tenant_id, within)
        wanted = min(limit, _SEARCH_MAX)
        return {
            script: _best_first(
                self._collection.search(
                    queries[script].tolist(), f'{allowed} and script == "{script}"', wanted
                )
            )
            for script in SCRIPTS
        }

    def vectors(self, scope: AccessScope, chunks: Sequence[int]) -> Held:
        """Return the vectors of those of `chunks` that are held and that `scope` sees."""
        if scope.is_empty or scope.tenant_id != self._tenant_id:
            return NOTHING_HELD
        place = {number: position for position, number in enumerate(chunks)}
        rows = self._collection.vectors(chunks_filter(scope, chunks))
        found = sorted((place[int(row["id"])], row["vector"]) for row in rows)
        if not found:
            return NOTHING_HELD
        places, vectors = zip(*found, strict=True)
        return Held(np.array(places, np.intp), np.array(vectors, np.float32))

    def _rows(self, document: IndexedDocument) -> Iterator[dict[str, Any]]:
        known = document.document_class
        shared = {
            "tenant_id": self._tenant_id,
            "document_id": document.document_id,
            "collection_id": known.collection_id,
            "acl_id": known.acl_id,
            "script": known.script,
        }
        vectors = document.vectors.astype(np.float32)
        for number, vector in zip(document.vector_ids.tolist(), vectors, strict=True):
            yield {"id": number, "vector": vector} | shared


def _sliced(things: list[_Thing]) -> Iterator[list[_Thing]]:
    for start in range(0, len(things), _ROWS_AT_ONCE):
        yield things[start : start + _ROWS_AT_ONCE]


def _best_first(hits: list[dict[str, Any]]) -> Nearest:
    """Order by falling score, then as every other store does among equals."""
    found = [(hit["id"], hit["distance"], hit["entity"]["document_id"]) for hit in hits]
    found.sort(key=lambda one: (-one[1], place_of(one[2]), one[0]))
    return [(number, score) for number, score, _ in found]
