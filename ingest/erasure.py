"""Take a document away for good: rows and key in the transaction, bytes right after it."""

from contextlib import suppress
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingest.states import blobs_of
from retrieval.chunks import delete_document
from retrieval.document_keys import document_owner
from retrieval.tables import ChunkRow, Document
from security.erasure.destroyed import destroyed_keys
from security.erasure.ledger import ErasureLedger
from security.erasure.receipt import Erased, Receipt
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


def erase_with_receipt(  # noqa: PLR0917 - what erases, what, by whom and when
    session: Session,
    keyring: KeyRing,
    blobs: DiskBlobStore,
    ledger: ErasureLedger,
    row: Document,
    by: str,
    now: datetime,
) -> Receipt:
    """Do what `erase` does and sign that it was done; no restored backup of keys undoes it then.

    Raises:
        NoTenantKey: the tenant has no key left to sign with.
    """
    tenant_id, document_id = row.tenant_id, row.id
    signer = ledger.signer(session, tenant_id)
    chunks = select(func.count()).where(ChunkRow.document_id == document_id)
    rows = {"documents": 1, "chunks": session.scalar(chunks) or 0}
    erase(session, keyring, blobs, row, now)
    keys = [key for key in destroyed_keys(session) if key.owner.endswith(f":{document_id}")]
    erased = Erased("document", document_id, tuple(keys), rows)
    return ledger.write(session, signer, tenant_id, by, erased)


def _remove(blobs: DiskBlobStore, names: list[str]) -> None:
    for name in names:
        with suppress(OSError):  # unreadable without the key; the worker's sweep tries again
            blobs.delete(name)
