"""Give each source that is due a durable job, and take up jobs that lost their worker.

The row is the truth, as it is for documents: a run's job is found by the run's number, so a source
is read once at a time, whatever ends in between.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from dbos import DBOS, SetWorkflowID, WorkflowStatus, WorkflowStatusString
from sqlalchemy import select

from ingest.connectors.errors import SourceInterrupted
from ingest.connectors.sync import Run, SourceSync
from ingest.connectors.tables import Source
from storage.database import Database
from storage.row_security import ALL_TENANTS

QUEUE: Final = "sources"
Sync = Callable[[str, str, int], str]
_DUE_MAX: Final = 50
_LIVE: Final = frozenset(
    {
        WorkflowStatusString.ENQUEUED.value,
        WorkflowStatusString.DELAYED.value,
        WorkflowStatusString.PENDING.value,
    }
)


def register(sources: SourceSync, crashes_max: int) -> Sync:
    """Define the job; before the engine is launched."""

    @DBOS.workflow(name="sync_source", max_recovery_attempts=crashes_max - 1)
    def sync_source(tenant_id: str, source_id: str, number: int) -> str:
        run = Run(tenant_id, source_id, number)
        return DBOS.run_step({"name": "sync"}, partial(sources.run, run))

    return sync_source


def open_queue(sources: SourceSync, poll_seconds: float) -> None:
    """Begin to take jobs; a slow source leaves room for another."""
    DBOS.register_queue(
        QUEUE,
        worker_concurrency=sources.at_once_max,
        polling_interval_sec=poll_seconds,
        on_conflict="always_update",
    )


class SourceSchedule:
    """Compares sources with jobs. Any number of workers may do so at once."""

    def __init__(
        self,
        database: Database,
        sources: SourceSync,
        sync: Sync,
        living: Callable[[], frozenset[str]],
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._sources = sources
        self._sync = sync
        self._living = living
        self._clock = clock

    def dispatch(self) -> None:
        """Enqueue the run of each source that is due, the longest due first."""
        due = self._due()
        if not due:
            return
        ids = [run.workflow_id for run in due]
        found = DBOS.list_workflows(workflow_ids=ids, load_input=False, load_output=False)
        states = {state.workflow_id: state for state in found}
        living = self._living()
        for run in due:
            self._compare(run, states.get(run.workflow_id), living)

    def _compare(self, run: Run, state: WorkflowStatus | None, living: frozenset[str]) -> None:
        if state is None:
            with SetWorkflowID(run.workflow_id):
                DBOS.enqueue_workflow(QUEUE, self._sync, run.tenant_id, run.source_id, run.number)
        elif state.status not in _LIVE:
            self._sources.end(run, failure=SourceInterrupted())
        elif (
            state.status == WorkflowStatusString.PENDING.value
            and state.executor_id
            and state.executor_id not in living
        ):
            DBOS._recover_pending_workflows([state.executor_id])  # see ingest.pipeline.dispatcher

    def _due(self) -> list[Run]:
        query = (
            select(Source.tenant_id, Source.id, Source.run)
            .where(Source.is_paused.is_(False), Source.due_at <= self._clock())
            .order_by(Source.due_at, Source.id)
            .limit(_DUE_MAX)
        )
        with self._database.reading(ALL_TENANTS) as session:
            return [Run(tenant, key, number) for tenant, key, number in session.execute(query)]
