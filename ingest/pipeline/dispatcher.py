"""Bring waiting documents to the engine, and documents that the engine gave up to an end.

The row is the truth: a request only commits it as queued. So nothing is lost when a process
dies between the two databases, or when the engine's database is.
"""

from collections.abc import Callable, Sequence

from dbos import DBOS, WorkflowStatus, WorkflowStatusString
from sqlalchemy import func, select

from ingest.errors import IngestError, InternalError, Superseded, WorkerCrashed
from ingest.pipeline.progress import Progress, Work
from ingest.states import Status
from retrieval.tables import Document
from storage.database import Database
from storage.row_security import ALL_TENANTS

Waiting = tuple[str, Work]
"""A tenant's id and the work on one of its documents."""

_LIVE = {
    WorkflowStatusString.ENQUEUED.value,
    WorkflowStatusString.DELAYED.value,
    WorkflowStatusString.PENDING.value,
}
_BATCH_WORKFLOWS = 500


class Dispatcher:
    """Compares rows with workflows. Any number of workers may do so at once."""

    def __init__(
        self,
        database: Database,
        progress: Progress,
        enqueue: Callable[[str, Work], None],
        living: Callable[[], frozenset[str]],
        waiting_max: int,
    ) -> None:
        self._database = database
        self._progress = progress
        self._enqueue = enqueue
        self._living = living
        self._waiting_max = waiting_max
        self._known: set[str] = set()

    def dispatch(self) -> int:
        """Enqueue the oldest waiting documents of each tenant; return how many were new.

        Only so many of each tenant are looked at, so a large import costs each look the same.
        """
        waiting = self._waiting()
        new = [(tenant, work) for tenant, work in waiting if work.workflow_id not in self._known]
        for tenant_id, work in new:
            self._enqueue(tenant_id, work)
        self._known = {work.workflow_id for _, work in waiting}
        return len(new)

    def reconcile(self) -> None:
        """Enqueue what the engine does not know, end what it gave up, free what lost its worker."""
        unfinished, living = self._unfinished(), self._living()
        for start in range(0, len(unfinished), _BATCH_WORKFLOWS):
            self._compare(unfinished[start : start + _BATCH_WORKFLOWS], living)

    def _compare(self, unfinished: Sequence[Waiting], living: frozenset[str]) -> None:
        ids = [work.workflow_id for _, work in unfinished]
        found = DBOS.list_workflows(workflow_ids=ids, load_input=False, load_output=False)
        states = {status.workflow_id: status for status in found}
        for tenant_id, work in unfinished:
            state = states.get(work.workflow_id)
            if state is None:
                self._enqueue(tenant_id, work)
            elif state.status not in _LIVE:
                self._end(work, _reason(state))
        self._recover({status.executor_id for status in found if _is_running(status)} - living)

    def _recover(self, executors: set[str | None]) -> None:
        dead = [name for name in executors if name]
        if dead:
            # The engine itself recovers other executors only through its paid control plane,
            # for which this is the entry; a row that a living worker has taken is left alone.
            DBOS._recover_pending_workflows(dead)

    def _end(self, work: Work, error: IngestError) -> None:
        try:
            self._progress.fail(work, error)
        except Superseded:
            return  # it came to its own end after its row was read

    def _waiting(self) -> list[Waiting]:
        place = func.row_number().over(
            partition_by=Document.tenant_id, order_by=(Document.created_at, Document.id)
        )
        queued = (
            select(Document.tenant_id, Document.id, Document.attempt, place.label("place"))
            .where(Document.status == Status.QUEUED)
            .subquery()
        )
        query = select(queued.c.tenant_id, queued.c.id, queued.c.attempt)
        query = query.where(queued.c.place <= self._waiting_max).order_by(queued.c.place)
        with self._database.reading(ALL_TENANTS) as session:
            return [(tenant, Work(key, attempt)) for tenant, key, attempt in session.execute(query)]

    def _unfinished(self) -> list[Waiting]:
        """Read what is being processed, and of what waits only what was handed over."""
        query = select(Document.tenant_id, Document.id, Document.attempt).where(
            Document.status == Status.PROCESSING
        )
        with self._database.reading(ALL_TENANTS) as session:
            rows = session.execute(query).all()
        return [*self._waiting(), *((tenant, Work(key, n)) for tenant, key, n in rows)]


def _is_running(state: WorkflowStatus) -> bool:
    return state.status == WorkflowStatusString.PENDING.value


def _reason(state: WorkflowStatus) -> IngestError:
    exhausted = WorkflowStatusString.MAX_RECOVERY_ATTEMPTS_EXCEEDED.value
    return WorkerCrashed() if state.status == exhausted else InternalError()
