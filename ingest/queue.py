"""What waits, runs, failed and was done lately, among the documents that a caller sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingest.errors import ERRORS, Cancelled, IngestError
from ingest.states import Stage, Status
from retrieval.access import AccessScope
from retrieval.tables import Document

RECENT = timedelta(hours=1)
RATE_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Reason:
    """Documents that failed for the same reason, and when the latest of them did."""

    code: str
    detail: str
    retryable: bool
    count: int
    latest_at: datetime


@dataclass(frozen=True, slots=True)
class Throughput:
    """What became ready in a stretch of time that ends now."""

    documents: int
    chunks: int

    def per_minute(self, window: timedelta) -> tuple[float, float]:
        """Return documents and chunks a minute."""
        minutes = window.total_seconds() / 60
        return self.documents / minutes, self.chunks / minutes


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue at one moment; `done` is of the last hour, `rate` of the last ten minutes."""

    waiting: int
    oldest_waiting_at: datetime | None
    running: Mapping[Stage, int]
    done: Throughput
    rate: Throughput
    failures: Sequence[Reason]

    @property
    def dead_letters(self) -> int:
        """How many failed after the last automatic attempt, though their file may be sound."""
        return sum(one.count for one in self.failures if is_dead_letter(one.code))

    @property
    def cancelled(self) -> int:
        """How many people took out of the queue."""
        return sum(one.count for one in self.failures if one.code == Cancelled.code)


def queue_of(session: Session, scope: AccessScope, now: datetime) -> Queue:
    """Count the documents that `scope` admits."""
    waiting, oldest = _waiting(session, scope)
    return Queue(
        waiting=waiting,
        oldest_waiting_at=oldest,
        running=_running(session, scope),
        done=_ready_since(session, scope, now - RECENT),
        rate=_ready_since(session, scope, now - RATE_WINDOW),
        failures=_failures(session, scope),
    )


def is_dead_letter(code: str) -> bool:
    """Whether the server gave up what the same file may well survive another time."""
    return code != Cancelled.code and _kind(code).retryable


def dead_letter_codes() -> list[str]:
    """Return the codes of such failures."""
    return sorted(code for code in ERRORS if is_dead_letter(code))


def _waiting(session: Session, scope: AccessScope) -> tuple[int, datetime | None]:
    # A document that waits was last touched when it was put into the queue.
    query = select(func.count(), func.min(Document.updated_at))
    row = session.execute(query.where(Document.status == Status.QUEUED, scope.documents())).one()
    return row[0], row[1]


def _running(session: Session, scope: AccessScope) -> dict[Stage, int]:
    query = (
        select(Document.stage, func.count())
        .where(Document.status == Status.PROCESSING, scope.documents())
        .group_by(Document.stage)
    )
    counts = {stage: number for stage, number in session.execute(query)}  # noqa: C416 - rows are no pairs to mypy
    return {stage: counts[stage] for stage in Stage if stage in counts}


def _ready_since(session: Session, scope: AccessScope, since: datetime) -> Throughput:
    query = select(func.count(), func.coalesce(func.sum(Document.chunk_count), 0)).where(
        Document.status == Status.READY, Document.updated_at >= since, scope.documents()
    )
    row = session.execute(query).one()
    return Throughput(documents=row[0], chunks=int(row[1]))


def _failures(session: Session, scope: AccessScope) -> list[Reason]:
    number = func.count().label("number")
    query = (
        select(Document.error_code, number, func.max(Document.updated_at).label("latest"))
        .where(Document.status == Status.FAILED, scope.documents())
        .group_by(Document.error_code)
        .order_by(number.desc(), Document.error_code)
    )
    return [_reason(row.error_code or "", row.number, row.latest) for row in session.execute(query)]


def _reason(code: str, count: int, latest_at: datetime) -> Reason:
    kind = _kind(code)
    return Reason(code, kind.message, kind.retryable, count, latest_at)


def _kind(code: str) -> type[IngestError]:
    return ERRORS.get(code, IngestError)
