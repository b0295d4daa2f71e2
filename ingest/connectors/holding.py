"""The documents of a source: put in place, replaced when their successor is ready, released.

A document that came from a source names it (`Document.source_id`). Several items may be the same
document, for a collection holds the same bytes once; it goes when the last of them does. What
people uploaded themselves is never touched.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ingest import erasure
from ingest.connectors.rows import Entry, SourceRows
from ingest.connectors.tables import Source, SourceItem
from ingest.names import clean_file_name
from ingest.states import Status
from retrieval.changes import append_change
from retrieval.document_keys import document_owner
from retrieval.tables import Document
from security.audit import AuditLog
from security.erasure.ledger import ErasureLedger
from security.keyring import KeyRing
from security.places import Place
from storage.blobs import DiskBlobStore

ACTOR = "worker"
"""Who the audit log says did what a source's run or the pipeline does."""


class Holding:
    """What a source does to documents, inside a transaction."""

    def __init__(
        self,
        *,
        keyring: KeyRing,
        blobs: DiskBlobStore,
        audit: AuditLog,
        clock: Callable[[], datetime],
    ) -> None:
        self._keyring = keyring
        self._blobs = blobs
        self._audit = audit
        self._clock = clock
        self._receipts = ErasureLedger(keyring, clock)

    def place(
        self, session: Session, source: Source, item: SourceItem, document_id: str, *, is_new: bool
    ) -> None:
        """Make a document the one of an item; a former one stays until this one is ready.

        A new document keeps the permission list of the one that it replaces.
        """
        document = session.get_one(Document, document_id)
        former = self._present(session, item.document_id)
        if is_new:
            document.source_id = source.id
            if former is not None:
                document.acl_id = former.acl_id
        before = {item.document_id, item.incoming_id}
        if former is None or document.status == Status.READY:
            item.document_id, item.incoming_id = document_id, None
        else:
            item.incoming_id = document_id if former.id != document_id else None
        session.flush()
        for key in sorted(filter(None, before - {item.document_id, item.incoming_id})):
            self.release(session, source.tenant_id, key)

    def remove(self, session: Session, item: SourceItem) -> None:
        """Forget an item that is gone, with its documents if nothing else is them."""
        documents = (item.incoming_id, item.document_id)
        session.delete(item)
        session.flush()
        for key in documents:
            self.release(session, item.tenant_id, key)

    def settle(self, session: Session, document: Document) -> None:
        """Let a document that has just become ready take the place of what it replaces."""
        query = select(SourceItem).where(
            SourceItem.tenant_id == document.tenant_id, SourceItem.incoming_id == document.id
        )
        for item in session.scalars(query.with_for_update()).all():
            former, item.document_id, item.incoming_id = item.document_id, document.id, None
            session.flush()
            self.release(session, item.tenant_id, former)

    def release(self, session: Session, tenant_id: str, document_id: str | None) -> None:
        """Erase a source's document, unless another item is the same: then it is that one's.

        Leaves a receipt, as deleting by hand does.
        """
        document = self._present(session, document_id)
        if document is None or document.source_id is None:
            return
        query = select(SourceItem).where(
            SourceItem.tenant_id == tenant_id,
            or_(SourceItem.document_id == document.id, SourceItem.incoming_id == document.id),
        )
        heir = session.scalar(query.order_by(SourceItem.id).limit(1))
        if heir is None:
            self._audit.record(session, tenant_id, ACTOR, "document.delete", document.id)
            self._erase(session, document)
            return
        document.source_id = heir.source_id
        self._rename(session, document, SourceRows(session, self._keyring, tenant_id).entry(heir))

    def _erase(self, session: Session, document: Document) -> None:
        erasure.erase_with_receipt(
            session,
            self._keyring,
            self._blobs,
            self._receipts,
            document,
            ACTOR,
            self._clock(),
        )

    def _rename(self, session: Session, document: Document, entry: Entry) -> None:
        cipher = self._keyring.cipher(session, document.tenant_id, document_owner(document.id))
        name = clean_file_name(entry.name).encode()
        document.name = cipher.seal(Place("documents", document.id, "name"), name)
        if document.status == Status.READY:  # names are searched too
            append_change(session, document.tenant_id, document.id, at=self._clock())

    def _present(self, session: Session, document_id: str | None) -> Document | None:
        if document_id is None:
            return None
        query = select(Document).where(Document.id == document_id)
        return session.scalar(query.with_for_update())
