"""Metrics of ingestion, read from the rows: workers are other processes, perhaps elsewhere."""

from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric, SummaryMetricFamily
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingest.heartbeat import last_seen
from ingest.states import Status
from ingest.tables import StepTiming
from retrieval.tables import Document
from storage.database import Database
from storage.row_security import ALL_TENANTS


class IngestionCollector:
    """Counts and ages at the moment they are asked for; nothing of any content."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def describe(self) -> list[Metric]:
        """Name nothing beforehand, so that registering does not query the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        with self._database.reading(ALL_TENANTS) as session:
            yield _documents(session)
            yield _steps(session)
            yield from self._ages(session)

    def _ages(self, session: Session) -> Iterator[Metric]:
        waiting = select(func.min(Document.updated_at)).where(Document.status == Status.QUEUED)
        yield self._age(
            "sourcebook_ingestion_oldest_waiting_seconds",
            "How long the first document in the queue has waited",
            session.scalar(waiting),
        )
        yield self._age(
            "sourcebook_worker_silent_seconds",
            "Time since any worker gave a sign of life",
            last_seen(session),
        )

    def _age(self, name: str, text: str, since: datetime | None) -> Metric:
        metric = GaugeMetricFamily(name, text)
        if since is not None:
            metric.add_metric([], (self._clock() - since).total_seconds())
        return metric


def _documents(session: Session) -> Metric:
    query = select(Document.status, func.count()).group_by(Document.status)
    counts = dict(session.execute(query).all())
    metric = GaugeMetricFamily("sourcebook_documents", "Documents by status", labels=["status"])
    for status in Status:
        metric.add_metric([status], counts.get(status, 0))
    return metric


def _steps(session: Session) -> Metric:
    metric = SummaryMetricFamily(
        "sourcebook_ingestion_step_seconds", "Time of documents in each step", labels=["step"]
    )
    for row in session.scalars(select(StepTiming)):
        metric.add_metric([row.step], row.documents, row.seconds)
    return metric
