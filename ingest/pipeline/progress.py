"""Write how far a document is, as long as the work on it is still wanted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.errors import IngestError, Superseded
from ingest.pipeline.timings import add_timing
from ingest.states import PROGRESS, Stage, Status, embedding_progress
from retrieval.changes import append_change
from retrieval.tables import Document
from security.audit import AuditLog
from storage.database import Database
from storage.row_security import ALL_TENANTS, enter_tenant

ACTOR = "worker"
"""Who the audit log says did what the pipeline does."""


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt at one document: all that a workflow knows."""

    document_id: str
    attempt: int

    @property
    def workflow_id(self) -> str:
        """The same work never runs under two names."""
        return f"{self.document_id}:{self.attempt}"


class Progress:
    """The document's row, seen from the worker."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        clock: Callable[[], datetime],
        on_ready: Callable[[Session, Document], None] = lambda _session, _row: None,
    ) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._on_ready = on_ready

    @contextmanager
    def reading(self, work: Work) -> Iterator[tuple[Session, Document]]:
        """Read the row of unfinished work.

        Raises:
            Superseded: deleted, finished, or of an older attempt.
        """
        with self._database.reading(ALL_TENANTS) as session:
            yield session, _row(session, work)

    @contextmanager
    def writing(self, work: Work) -> Iterator[tuple[Session, Document]]:
        """Run a transaction that holds the row of unfinished work, and touch the row.

        Raises:
            Superseded: deleted, finished, or of an older attempt.
        """
        with self._database.transaction(ALL_TENANTS) as session:
            row = _row(session, work, lock=True)
            row.updated_at = self._clock()
            yield session, row

    def enter(self, work: Work, stage: Stage) -> None:
        """Say that `stage` begins; the first stage of an attempt leaves an audit line."""
        with self.writing(work) as (session, row):
            if row.status == Status.QUEUED:
                self._record(session, row, "document.start")
            row.status, row.stage = Status.PROCESSING, stage
            # A resumed stage starts again, but what people saw done stays done.
            row.progress = max(row.progress, PROGRESS[stage])

    def embedded(self, row: Document, done: int, total: int) -> None:
        """Say how many of the chunks are embedded and stored."""
        row.progress = max(row.progress, embedding_progress(done, total))

    def finish(self, work: Work) -> None:
        """Make the document searchable: from this transaction on, the indexes take it in.

        What it replaces goes in the same transaction.
        """
        with self.writing(work) as (session, row):
            row.status, row.stage = Status.READY, Stage.READY
            row.progress = PROGRESS[Stage.READY]
            self._record(session, row, "document.ready")
            self._on_ready(session, row)
            append_change(session, row.tenant_id, row.id, at=self._clock())

    def fail(self, work: Work, error: IngestError) -> None:
        """End the attempt with the reason in words."""
        with self.writing(work) as (session, row):
            row.status = Status.FAILED
            row.error_code, row.error_detail = error.code, error.detail
            self._audit.record(
                session,
                row.tenant_id,
                ACTOR,
                "document.fail",
                row.id,
                "failure",
                {"code": error.code},
            )

    def timed(self, step: str, seconds: float) -> None:
        """Add a document's passage through a step to what operators see."""
        with self._database.transaction() as session:
            add_timing(session, step, seconds)

    def _record(self, session: Session, row: Document, action: str) -> None:
        self._audit.record(session, row.tenant_id, ACTOR, action, row.id)


def _row(session: Session, work: Work, *, lock: bool = False) -> Document:
    query = select(Document).where(
        Document.id == work.document_id,
        Document.attempt == work.attempt,
        Document.status.in_((Status.QUEUED, Status.PROCESSING)),
    )
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise Superseded
    enter_tenant(session, row.tenant_id)  # work names a document; its row says whose it is
    return row
