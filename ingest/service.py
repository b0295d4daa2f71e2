"""What people do with documents: upload, list, read, retry, delete."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import BinaryIO
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest import erasure, listing
from ingest.collections import CollectionService
from ingest.duplicates import content_digests, same_content
from ingest.errors import NotReady
from ingest.permission_lists import Wanted, chosen_acl
from ingest.reception import Received, receive
from ingest.sandbox.wire import decode
from ingest.settings import ArchiveLimits, UploadLimits
from ingest.states import Stage, Status, content_blob, text_blob, view_blob
from ingest.views import (
    DocumentPage,
    DocumentText,
    DocumentView,
    Upload,
    opened_view,
    view_blocks,
    view_document,
)
from retrieval.access import AccessScope, scope_for
from retrieval.document_keys import document_owner
from retrieval.tables import Collection, Document
from retrieval.tags import labels_of
from security.audit import AuditLog
from security.erasure.ledger import ErasureLedger
from security.errors import Forbidden, NotFound
from security.keyring import KeyRing
from security.places import Place
from security.principal import Principal, Verb
from security.sealed_file import SealedFileReader, seal_file
from storage.blobs import DiskBlobStore
from storage.errors import BlobMissing
from storage.outcomes import after_rollback

_ATTEMPTS_MAX = 3
"""Each but the first is for another upload of the same bytes that was faster."""


class DocumentService:
    """Everything about documents that a request can ask for, inside its transaction.

    Nothing here processes a document: the committed row says that it waits, and the worker
    looks for such rows.
    """

    def __init__(
        self,
        *,
        blobs: DiskBlobStore,
        keyring: KeyRing,
        audit: AuditLog,
        collections: CollectionService,
        clock: Callable[[], datetime],
        limits: UploadLimits,
        archive: ArchiveLimits,
    ) -> None:
        self._blobs = blobs
        self._keyring = keyring
        self._audit = audit
        self._receipts = ErasureLedger(keyring, clock)
        self._collections = collections
        self._clock = clock
        self._limits = limits
        self._archive = archive

    def upload(  # noqa: PLR0917 - what a form of an upload holds
        self,
        session: Session,
        principal: Principal,
        collection: str,
        name: str,
        source: BinaryIO,
        wanted: Wanted | None = None,
    ) -> Upload:
        """Store a file in a collection (id or exact name), unless its bytes are there already.

        `wanted` says who may see it, else the collection's default does; a document that is there
        already keeps its own list. Bytes that are there without the caller seeing them are stored
        once more: to be told of them would be to learn of them.

        `source` must be seekable. The sealed bytes are on the disk before the row is written,
        and are removed again if the transaction does not commit.

        Raises:
            EmptyFile, FileTooLarge, UnsupportedType, ArchiveRefused, DocumentDamaged,
            DocumentEncrypted: the file; nothing is stored.
            NotFound, Forbidden: the collection, or to choose who may see the document.
            PermissionsRefused, LockedOut: `wanted`.
            StorageFull: the disk is full; nothing is stored.
        """
        # Before the first statement: hashing a large file must not hold the database's lock.
        received = receive(name, source, self._limits.upload_bytes_max, self._archive)
        target = self._collections.find(session, principal, collection, Verb.UPLOAD)
        keys = self._keyring.tenant(session, principal.tenant_id)
        digests = content_digests(keys, received.sha256)
        for _ in range(_ATTEMPTS_MAX):
            known = same_content(session, principal, target.id, digests)
            if known.document is not None:
                return Upload(self._view(session, known.document), duplicate=True)
            acl_id = chosen_acl(session, principal, target, wanted, self._limits)
            with suppress(IntegrityError):
                row = self._store(session, principal, target, received, known.free_digest, acl_id)
                self._record(session, principal, "document.upload", row)
                return Upload(view_document(row, received.name), duplicate=False)
        raise NotFound  # the collection has just been deleted

    def page(
        self,
        session: Session,
        scope: AccessScope,
        cursor: str | None = None,
        limit: int = 50,
        kept: listing.Kept = listing.ALL,
    ) -> DocumentPage:
        """Return a page of what `scope` admits and `kept` keeps, newest first.

        Raises:
            InvalidCursor: see there.
        """
        rows, next_cursor = listing.page(session, scope, cursor, limit, kept)
        total = listing.count(session, scope, kept)
        return DocumentPage(self._views(session, rows), next_cursor, total)

    def get(self, session: Session, scope: AccessScope, document_id: str) -> DocumentView:
        """Return a document.

        Raises:
            NotFound: absent or hidden.
        """
        return self._view(session, visible(session, scope, document_id))

    def content(
        self, session: Session, scope: AccessScope, document_id: str
    ) -> tuple[DocumentView, SealedFileReader]:
        """Return a document and its original bytes; the caller closes the reader.

        Raises:
            NotFound: absent or hidden.
        """
        row = visible(session, scope, document_id)
        return self._view(session, row), self._open(session, row, content_blob(row.id))

    def view(
        self, session: Session, scope: AccessScope, document_id: str
    ) -> tuple[DocumentView, SealedFileReader]:
        """Return an office document and its PDF to look at; the caller closes the reader.

        Raises:
            NotFound: absent or hidden, or there is no such PDF of it.
        """
        row = visible(session, scope, document_id)
        try:
            opened = self._open(session, row, view_blob(row.id, row.attempt))
        except BlobMissing:
            raise NotFound from None
        return self._view(session, row), opened

    def text(self, session: Session, scope: AccessScope, document_id: str) -> DocumentText:
        """Return the parsed text of a document as its blocks.

        Raises:
            NotFound: absent or hidden.
            NotReady: not processed yet, or failed.
        """
        row = visible(session, scope, document_id)
        if row.status != Status.READY:
            raise NotReady
        with self._open(session, row, text_blob(row.id, row.attempt)) as sealed:
            parsed = decode(sealed.read())
        return DocumentText(self._view(session, row), view_blocks(parsed))

    def delete(self, session: Session, principal: Principal, document_id: str) -> None:
        """Delete a document: once committed, it answers nothing and its key is gone for good.

        Raises:
            NotFound, Forbidden: the caller may not see it, or not edit there.
        """
        row = changeable(session, principal, document_id, Verb.EDIT)
        self._record(session, principal, "document.delete", row)
        self._erase(session, principal, row)

    def delete_collection(self, session: Session, principal: Principal, collection_id: str) -> None:
        """Delete a collection with all its documents and the grants on it.

        Raises:
            NotFound, Forbidden: the caller has no right in it, or does not administer it.
        """
        target = self._collections.find(session, principal, collection_id, Verb.ADMINISTER)
        # No upload can come in between, and the worker cannot hold a row that is waited for below.
        session.refresh(target, with_for_update=True)
        rows = select(Document).where(Document.collection_id == target.id).order_by(Document.id)
        for row in session.scalars(rows.with_for_update()).all():
            self._record(session, principal, "document.delete", row)
            self._erase(session, principal, row)
        self._collections.delete(session, principal, target)

    def _erase(self, session: Session, principal: Principal, row: Document) -> None:
        by, now = principal.user_id, self._clock()
        erasure.erase_with_receipt(
            session, self._keyring, self._blobs, self._receipts, row, by, now
        )

    def _store(  # noqa: PLR0917 - the parts of a row
        self,
        session: Session,
        principal: Principal,
        target: Collection,
        received: Received,
        digest: str,
        acl_id: int,
    ) -> Document:
        """Write blob and row.

        Raises:
            IntegrityError: another upload of the same bytes was faster; nothing is left.
        """
        key = uuid4().hex
        after_rollback(session, lambda: self._discard(key))
        now = self._clock()
        row = Document(
            id=key,
            tenant_id=principal.tenant_id,
            collection_id=target.id,
            acl_id=acl_id,
            content_digest=digest,
            media_type=received.media_type,
            size_bytes=received.size_bytes,
            status=Status.QUEUED,
            stage=Stage.QUEUED,
            created_by=principal.user_id,
            created_at=now,
            updated_at=now,
        )
        try:
            with session.begin_nested():
                self._seal(session, row, received)
                session.add(row)
        except IntegrityError:
            self._discard(key)
            raise
        return row

    def _seal(self, session: Session, row: Document, received: Received) -> None:
        cipher = self._keyring.create(session, row.tenant_id, document_owner(row.id))
        row.name = cipher.seal(_name_place(row.id), received.name.encode())
        blob = content_blob(row.id)
        place = Place("blobs", blob, "content")
        received.source.seek(0)
        self._blobs.put(blob, seal_file(cipher, place, received.source))

    def _discard(self, document_id: str) -> None:
        with suppress(OSError):  # what cannot be removed now, the worker's sweep finds
            self._blobs.delete(content_blob(document_id))

    def _open(self, session: Session, row: Document, blob: str) -> SealedFileReader:
        cipher = self._keyring.cipher(session, row.tenant_id, document_owner(row.id))
        place = Place("blobs", blob, "content")
        return SealedFileReader(cipher, place, self._blobs.open(blob))

    def _view(self, session: Session, row: Document) -> DocumentView:
        views = self._views(session, [row])
        if not views:
            raise NotFound
        return views[0]

    def _views(self, session: Session, rows: Sequence[Document]) -> list[DocumentView]:
        """Open what has a key: rows without one were erased and came back with a backup."""
        if not rows:
            return []
        tenant_id = rows[0].tenant_id
        keys = [row.id for row in rows]
        ciphers = self._keyring.ciphers(session, tenant_id, list(map(document_owner, keys)))
        tags = labels_of(session, self._keyring, tenant_id, keys)
        return [
            opened_view(row, ciphers[owner], tags.get(row.id, {}))
            for row in rows
            if (owner := document_owner(row.id)) in ciphers
        ]

    def _record(self, session: Session, principal: Principal, action: str, row: Document) -> None:
        self._audit.record(session, principal.tenant_id, principal.user_id, action, row.id)


def _name_place(document_id: str) -> Place:
    return Place("documents", document_id, "name")


def visible(session: Session, scope: AccessScope, document_id: str) -> Document:
    """Return the row.

    Raises:
        NotFound: absent or hidden.
    """
    row = session.scalar(select(Document).where(Document.id == document_id, scope.documents()))
    if row is None:
        raise NotFound
    return row


def changeable(session: Session, principal: Principal, document_id: str, verb: Verb) -> Document:
    """Lock the row, so that the worker and this request do not overwrite each other.

    Raises:
        NotFound, Forbidden: the caller may not see it, or not do `verb` there.
    """
    scope = scope_for(session, principal)
    query = select(Document).where(Document.id == document_id, scope.documents())
    row = session.scalar(query.with_for_update())
    if row is None:
        raise NotFound
    if not principal.may(verb, row.collection_id):
        raise Forbidden
    return row
