"""The durable workflow: which steps, in which order, on which queue."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypedDict

from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    SetEnqueueOptions,
    SetWorkflowID,
    WorkflowStatusString,
)
from sqlalchemy.exc import DBAPIError

from ingest.connectors import schedule
from ingest.connectors.sync import SourceSync
from ingest.pipeline.engine_log import keep_messages_out
from ingest.pipeline.progress import Work
from ingest.pipeline.runner import DONE, Runner
from ingest.pipeline.state import StateSerializer
from ingest.pipeline.steps import Steps
from ingest.settings import WorkerSettings

QUEUE = "ingest"
_NAME = "ingest"
_APPLICATION = "sourcebook"
# The engine resumes only what the same version began. Steps are idempotent and reload all they
# need, so work goes on across releases; raise this when a step's name or order changes.
_VERSION = "1"

Ingest = Callable[[str, int], str]


class _Limits(TypedDict):
    worker_concurrency: int
    partition_worker_concurrency: int
    polling_interval_sec: float
    on_conflict: Literal["always_update"]


@dataclass(frozen=True, slots=True)
class Jobs:
    """The durable jobs there are: documents, and the runs of sources where there are any."""

    ingest: Ingest
    sync: schedule.Sync | None


def launch(
    jobs_url: str,
    steps: Steps,
    runner: Runner,
    settings: WorkerSettings,
    sources: SourceSync | None = None,
    *,
    documents_at_once: int,
) -> Jobs:
    """Start the engine on its database and return the jobs.

    Side effects: starts threads, creates or migrates the engine's tables, and takes up what a
    process of the same name left unfinished. One engine per process; `DBOS.destroy` ends it.
    """
    config: DBOSConfig = {
        "name": _APPLICATION,
        "system_database_url": jobs_url,
        "application_version": _VERSION,
        "executor_id": settings.name,
        "serializer": StateSerializer(),
        "log_level": "WARNING",
        "enable_otlp": False,
    }
    keep_messages_out()
    _limit_before_launch(jobs_url, settings, documents_at_once)
    DBOS(config=config)
    ingest = _register(steps, runner, settings.crashes_max)
    sync = schedule.register(sources, settings.crashes_max) if sources else None
    DBOS.listen_queues([QUEUE, schedule.QUEUE] if sync else [QUEUE])
    DBOS.launch()
    limit(settings, documents_at_once)
    if sources is not None:
        schedule.open_queue(sources, settings.sources_poll_seconds)
    return Jobs(ingest, sync)


def limit(settings: WorkerSettings, documents_at_once: int) -> None:
    """Let every worker take so many documents at once; also while the engine runs."""
    DBOS.register_queue(QUEUE, **_limits(settings, documents_at_once))


def _limit_before_launch(jobs_url: str, settings: WorkerSettings, documents_at_once: int) -> None:
    """As `limit`, since a running engine looks at a limit only after it took the first jobs."""
    client = DBOSClient(
        system_database_url=jobs_url, serializer=StateSerializer(), application_name=_APPLICATION
    )
    try:
        client.register_queue(QUEUE, **_limits(settings, documents_at_once))
    except DBAPIError:
        return  # a new database, which holds no job yet
    finally:
        client.destroy()


def _limits(settings: WorkerSettings, documents_at_once: int) -> _Limits:
    return {
        "worker_concurrency": documents_at_once,
        # A limit per partition is what makes tenants take turns.
        "partition_worker_concurrency": documents_at_once,
        "polling_interval_sec": settings.poll_seconds,
        "on_conflict": "always_update",
    }


def enqueue(workflow: Ingest, tenant_id: str, work: Work) -> None:
    """Queue work behind that of the same tenant; work that was queued before stays as it is."""
    with SetWorkflowID(work.workflow_id), SetEnqueueOptions(queue_partition_key=tenant_id):
        DBOS.enqueue_workflow(QUEUE, workflow, work.document_id, work.attempt)


def is_working(settings: WorkerSettings) -> bool:
    """Whether a job of this worker's is running, even if nobody waits for it any more."""
    pending = WorkflowStatusString.PENDING.value
    return bool(DBOS.list_workflows(status=pending, executor_id=settings.name, limit=1))


def close(jobs_url: str, settings: WorkerSettings) -> None:
    """Stop the engine, and give back what it could not finish as if it had never been begun.

    Work that does not stop in time goes on until the process ends, and is not recorded.
    """
    DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=settings.stop_seconds_max)
    client = DBOSClient(system_database_url=jobs_url, serializer=StateSerializer())
    try:
        unfinished = client.list_workflows(
            status=WorkflowStatusString.PENDING.value, executor_id=settings.name
        )
        for workflow in unfinished:
            # Unlike recovery, this does not count as a crash.
            client.resume_workflow(workflow.workflow_id, queue_name=workflow.queue_name or QUEUE)
    finally:
        client.destroy()


def _register(steps: Steps, runner: Runner, crashes_max: int) -> Ingest:
    ordered: Sequence[tuple[str, Callable[[Work], None]]] = (
        ("parse", steps.parse),
        ("embed", steps.embed),
        ("publish", steps.publish),
    )

    # The engine counts recoveries, and the first run is none.
    @DBOS.workflow(name=_NAME, max_recovery_attempts=crashes_max - 1)
    def ingest(document_id: str, attempt: int) -> str:
        work = Work(document_id, attempt)
        for name, step in ordered:
            code = DBOS.run_step({"name": name}, partial(runner.run, name, step, work))
            if code != DONE:
                return code
        return DONE

    return ingest
