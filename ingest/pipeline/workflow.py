"""The durable workflow: which steps, in which order, on which queue."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    SetEnqueueOptions,
    SetWorkflowID,
    WorkflowStatusString,
)

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
# The engine resumes only what the same version began. Steps are idempotent and reload all they
# need, so work goes on across releases; raise this when a step's name or order changes.
_VERSION = "1"

Ingest = Callable[[str, int], str]


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
) -> Jobs:
    """Start the engine on its database and return the jobs.

    Side effects: starts threads, creates or migrates the engine's tables, and takes up what a
    process of the same name left unfinished. One engine per process; `DBOS.destroy` ends it.
    """
    config: DBOSConfig = {
        "name": "sourcebook",
        "system_database_url": jobs_url,
        "application_version": _VERSION,
        "executor_id": settings.name,
        "serializer": StateSerializer(),
        "log_level": "WARNING",
        "enable_otlp": False,
    }
    keep_messages_out()
    DBOS(config=config)
    ingest = _register(steps, runner, settings.crashes_max)
    sync = schedule.register(sources, settings.crashes_max) if sources else None
    DBOS.listen_queues([QUEUE, schedule.QUEUE] if sync else [QUEUE])
    DBOS.launch()
    DBOS.register_queue(
        QUEUE,
        worker_concurrency=settings.concurrency,
        # A limit per partition is what makes tenants take turns.
        partition_worker_concurrency=settings.concurrency,
        polling_interval_sec=settings.poll_seconds,
        on_conflict="always_update",
    )
    if sources is not None:
        schedule.open_queue(sources, settings.poll_seconds)
    return Jobs(ingest, sync)


def enqueue(workflow: Ingest, tenant_id: str, work: Work) -> None:
    """Queue work behind that of the same tenant; work that was queued before stays as it is."""
    with SetWorkflowID(work.workflow_id), SetEnqueueOptions(queue_partition_key=tenant_id):
        DBOS.enqueue_workflow(QUEUE, workflow, work.document_id, work.attempt)


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
