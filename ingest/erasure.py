"""Take a document away for good: rows and key in the transaction, bytes right after it."""

from contextlib import suppress
from datetime import datetime

from sqlalchemy.orm import Session

from ingest.states import blobs_of
from retrieval.chunks import delete_document
from retrieval.document_keys import document_owner
from retrieval.tables import Document
from security.keyring import KeyRing
from storage.blobs import DiskBlobStore
from storage.outcomes import after_commit


def erase(
    session: Session, keyring: KeyRing, blobs: DiskBlobStore, row: Document, now: datetime
) -> None:
    """Delete a document's key, chunks and row, and its blobs once that is committed.

    Side effects: see `retrieval.changes.append_change`, so call this last in the transaction.
    """
    names = blobs_of(row.id, row.attempt)
    keyring.destroy(session, row.tenant_id, document_owner(row.id))
    delete_document(session, row.tenant_id, row.id, at=now)
    after_commit(session, lambda: _remove(blobs, names))


def _remove(blobs: DiskBlobStore, names: list[str]) -> None:
    for name in names:
        with suppress(OSError):  # unreadable without the key; the worker's sweep tries again
            blobs.delete(name)
