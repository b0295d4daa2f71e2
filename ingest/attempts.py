"""Putting documents into the queue again, and taking them out of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingest.collections import CollectionService
from ingest.errors import Cancelled, CancelRefused, RetryRefused
from ingest.queue import dead_letter_codes
from ingest.service import changeable
from ingest.settings import UploadLimits
from ingest.states import PROGRESS, Stage, Status
from retrieval.access import AccessScope, scope_for
from retrieval.changes import append_change
from retrieval.tables import Document
from security.audit import AuditLog
from security.principal import Principal, Verb


@dataclass(frozen=True, slots=True)
class Retried:
    """How many documents wait again, and how many of the same kind still do not."""

    retried: int
    remaining: int


class Attempts:
    """Starts and ends attempts by hand; each leaves an audit entry for each document."""

    def __init__(
        self,
        audit: AuditLog,
        collections: CollectionService,
        clock: Callable[[], datetime],
        limits: UploadLimits,
    ) -> None:
        self._audit = audit
        self._collections = collections
        self._clock = clock
        self._limits = limits

    def retry(self, session: Session, principal: Principal, document_id: str) -> None:
        """Let a document wait for its processing again, from the beginning.

        One that is ready although something of it was not read is found again when that ends.

        Raises:
            NotFound, Forbidden: the caller may not see it, or not upload there.
            RetryRefused: it neither failed nor is incomplete.
        """
        row = changeable(session, principal, document_id, Verb.UPLOAD)
        was_found = row.status == Status.READY
        if not (row.omissions if was_found else row.status == Status.FAILED):
            raise RetryRefused
        self._wait_again(session, principal, row)
        if was_found:
            append_change(session, row.tenant_id, row.id, at=row.updated_at)

    def cancel(self, session: Session, principal: Principal, document_id: str) -> None:
        """Take a document out of the queue, or end the work on it.

        The worker finds out before it writes anything more of this attempt: between two pages it
        recognises, two batches it embeds and two steps. The file stays and can be tried again.

        Raises:
            NotFound, Forbidden: the caller may not see it, or not upload there.
            CancelRefused: it is ready, or failed already.
        """
        row = changeable(session, principal, document_id, Verb.UPLOAD)
        if row.status not in {Status.QUEUED, Status.PROCESSING}:
            raise CancelRefused
        row.status = Status.FAILED
        row.error_code, row.error_detail = Cancelled.code, Cancelled.message
        row.updated_at = self._clock()
        self._record(session, principal, "document.cancel", row)

    def retry_failed(
        self, session: Session, principal: Principal, collection: str | None, code: str | None
    ) -> Retried:
        """Let failed documents wait again: those that failed by `code`, else all dead letters.

        Only where the caller may upload, in a collection (id or exact name) or everywhere, and
        `retry_documents_max` at a time.

        Raises:
            NotFound, Forbidden: the collection.
        """
        scope = self._uploadable(session, principal, collection)
        codes = dead_letter_codes() if code is None else [code]
        failed = (
            Document.status == Status.FAILED,
            Document.error_code.in_(codes),
            scope.documents(),
        )
        total = session.scalar(select(func.count()).select_from(Document).where(*failed)) or 0
        oldest = select(Document).where(*failed).order_by(Document.updated_at, Document.id)
        locked = oldest.limit(self._limits.retry_documents_max).with_for_update()
        rows = session.scalars(locked).all()
        for row in rows:
            self._wait_again(session, principal, row)
        return Retried(len(rows), max(total - len(rows), 0))

    def _uploadable(
        self, session: Session, principal: Principal, collection: str | None
    ) -> AccessScope:
        scope = scope_for(session, principal)
        if collection is not None:
            found = self._collections.find(session, principal, collection, Verb.UPLOAD)
            return scope.narrowed(frozenset({found.id}))
        places = session.scalars(select(Document.collection_id).where(scope.documents()).distinct())
        return scope.narrowed(
            frozenset(place for place in places if principal.may(Verb.UPLOAD, place))
        )

    def _wait_again(self, session: Session, principal: Principal, row: Document) -> None:
        row.attempt += 1
        row.status, row.stage = Status.QUEUED, Stage.QUEUED
        row.progress = PROGRESS[Stage.QUEUED]
        row.error_code = row.error_detail = row.omissions = None
        row.updated_at = self._clock()
        self._record(session, principal, "document.retry", row)

    def _record(self, session: Session, principal: Principal, action: str, row: Document) -> None:
        self._audit.record(session, principal.tenant_id, principal.user_id, action, row.id)
