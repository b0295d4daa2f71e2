"""Comparing an index with the rows it is derived from."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from retrieval.rows import IndexRows
from retrieval.tenant_index import TenantIndex


@dataclass(frozen=True, slots=True)
class Difference:
    """A document that the index holds wrongly.

    "different": the index misses it or holds something else than its rows say; "extra": it has
    no rows any more; "unreadable": its key was destroyed or a row was altered, so that it cannot
    be found though its rows are there.
    """

    tenant_id: str
    document_id: str
    kind: Literal["different", "extra", "unreadable"]


@dataclass(frozen=True, slots=True)
class Verification:
    """How many documents and chunks were compared, and what differs."""

    documents: int
    chunks: int
    differences: tuple[Difference, ...]

    @property
    def ok(self) -> bool:
        """Whether the index is what the rows say."""
        return not self.differences

    @classmethod
    def joined(cls, parts: Iterable["Verification"]) -> "Verification":
        """Add the tenants' verifications up."""
        parts = list(parts)
        return cls(
            documents=sum(part.documents for part in parts),
            chunks=sum(part.chunks for part in parts),
            differences=tuple(found for part in parts for found in part.differences),
        )

    def without(self, document_ids: AbstractSet[str]) -> "Verification":
        """Leave out documents that changed while they were compared."""
        kept = (found for found in self.differences if found.document_id not in document_ids)
        return Verification(self.documents, self.chunks, tuple(kept))


def verify_tenant(
    session: Session, rows: IndexRows, tenant_id: str, index: TenantIndex
) -> Verification:
    """Compare one tenant's index with its rows; nothing may be applied meanwhile."""
    words = index.words_by_chunk()
    held = index.documents_with_vectors() | {document_id for document_id, _ in words.values()}
    readable: set[str] = set()
    differences: list[Difference] = []
    chunks = 0
    for batch in rows.batches(session, tenant_id):
        differences.extend(
            Difference(tenant_id, document_id, "unreadable")
            for document_id in sorted(batch.unreadable)
        )
        for document in batch.documents:
            readable.add(document.document_id)
            chunks += len(document.chunk_ids)
            if not index.holds(document, words):
                differences.append(Difference(tenant_id, document.document_id, "different"))
    extra = sorted(held - readable)
    differences.extend(Difference(tenant_id, document_id, "extra") for document_id in extra)
    return Verification(len(readable), chunks, tuple(differences))
