"""The worker process: takes documents from the queue until it is told to stop."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ingest.connectors.holding import Holding
from ingest.connectors.schedule import SourceSchedule
from ingest.connectors.sync import SourceSync
from ingest.demand import Caution, Demand
from ingest.heartbeat import Heartbeat
from ingest.pipeline.dispatcher import Dispatcher
from ingest.pipeline.failures import trace
from ingest.pipeline.progress import Progress
from ingest.pipeline.pruning import Pruning
from ingest.pipeline.runner import Runner
from ingest.pipeline.steps import OnStage, Parse, Show, Split, Steps, Tokenize
from ingest.pipeline.workflow import Jobs, close, enqueue, is_working, launch, limit
from ingest.settings import WorkerSettings
from ingest.sweep import OrphanSweep
from retrieval.embedding.port import Embedder
from security.audit import AuditLog
from security.keyring import KeyRing
from storage.blobs import DiskBlobStore
from storage.database import Database

_log = structlog.get_logger()


class Worker:
    """Everything that a worker process is made of. One per process: the engine is global.

    `jobs_url` is the engine's database, SQLite or PostgreSQL. `run` blocks until `stop` is set.
    """

    def __init__(
        self,
        *,
        database: Database,
        jobs_url: str,
        blobs: DiskBlobStore,
        keyring: KeyRing,
        audit: AuditLog,
        embedder: Embedder,
        parse: Parse,
        split: Split,
        tokenize: Tokenize,
        settings: WorkerSettings,
        clock: Callable[[], datetime],
        stop: threading.Event,
        on_stage: OnStage = lambda _stage: None,
        show: Show = lambda _content, _media_type: None,
        sources: SourceSync | None = None,
    ) -> None:
        self._database = database
        self._jobs_url = jobs_url
        self._settings = settings
        self._stop = stop
        self._sources = sources
        self._clock = clock
        holding = Holding(keyring=keyring, blobs=blobs, audit=audit, clock=clock)
        self._progress = Progress(database, audit, clock, on_ready=holding.settle)
        self._runner = Runner(
            self._progress,
            stop,
            settings.transient_retries_max,
            settings.transient_wait_seconds,
        )
        self._steps = Steps(
            progress=self._progress,
            blobs=blobs,
            keyring=keyring,
            embedder=embedder,
            parse=parse,
            split=split,
            tokenize=tokenize,
            batch_chunks=settings.embed_batch_chunks,
            stop=stop,
            on_stage=on_stage,
            show=show,
        )
        self._demand = Demand(database, clock, with_sources=sources is not None)
        self._heartbeat = Heartbeat(database, settings.name, clock)
        sweep = OrphanSweep(database, blobs, clock)
        self._always = (
            Chore(self._heartbeat.beat, settings.heartbeat_seconds),
            Chore(sweep.run, settings.sweep_seconds),
        )
        pruning = Pruning(database, settings.history_days, clock)
        self._pruning = Chore(pruning.run, settings.sweep_seconds)

    def run(self) -> None:
        """Work until `stop` is set, then leave what is unfinished for the next worker.

        Side effects: lowers the process's priority, so that questions come first.
        """
        os.nice(self._settings.niceness)
        self._heartbeat.start()
        try:
            while not self._stop.is_set():
                self._work_or_wait()
                self._rest()
        finally:
            self._heartbeat.end()

    def _work_or_wait(self) -> None:
        """Work; when the engine cannot start, as in an outage of a database, wait a moment."""
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - as of a chore, and to end helps nobody
            _log.error("worker.engine_failed", trace=trace(error))
            self._stop.wait(self._settings.transient_wait_seconds)

    def _work(self) -> None:
        """Run the workflow engine until there was nothing to do for a while.

        Its threads ask for work all the time, which takes 2 % of a core. To start it takes 0.05 s,
        less than they take to find something.
        """
        settings = self._settings
        caution = Caution(self._demand, partial(limit, settings, settings.concurrency))
        try:
            jobs = launch(
                self._jobs_url,
                self._steps,
                self._runner,
                settings,
                self._sources,
                documents_at_once=1 if caution.is_needed else settings.concurrency,
            )
            _log.debug("worker.engine_started")
            cautious = Chore(caution.look, settings.poll_seconds)
            chores = (*self._always, *self._dispatching(jobs), cautious, self._pruning)
            last_wanted = time.monotonic()
            while time.monotonic() - last_wanted < settings.idle_seconds or is_working(settings):
                for chore in chores:
                    chore.run_if_due()
                if self._is_wanted(otherwise=True):
                    last_wanted = time.monotonic()
                if self._stop.wait(settings.poll_seconds):
                    return
        finally:
            close(self._jobs_url, settings)
            _log.debug("worker.engine_stopped")

    def _rest(self) -> None:
        """Wait for work."""
        while not self._stop.is_set() and not self._is_wanted(otherwise=False):
            for chore in self._always:
                chore.run_if_due()
            self._stop.wait(self._settings.poll_seconds)

    def _is_wanted(self, *, otherwise: bool) -> bool:
        """Whether there is work; `otherwise` while the database does not answer."""
        try:
            return self._demand.is_there()
        except SQLAlchemyError as error:
            _log.warning("worker.look_failed", trace=trace(error))
            return otherwise

    def _dispatching(self, jobs: Jobs) -> Sequence["Chore"]:
        """Return what hands work to the running engine."""
        settings = self._settings
        living = partial(self._heartbeat.living, timedelta(seconds=settings.lost_seconds_max))
        documents = Dispatcher(
            self._database,
            self._progress,
            partial(enqueue, jobs.ingest),
            living,
            settings.waiting_documents_max,
        )
        chores = [
            Chore(documents.reconcile, settings.reconcile_seconds),
            Chore(documents.dispatch, settings.poll_seconds),
        ]
        if self._sources is not None and jobs.sync is not None:
            sources = SourceSchedule(self._database, self._sources, jobs.sync, living, self._clock)
            chores.append(Chore(sources.dispatch, settings.sources_poll_seconds))
        return chores


class Chore:
    """Something done again and again; when it fails, it is tried again at its next time.

    One that takes long is done less often, so that it never takes more than a tenth of the time.
    """

    def __init__(
        self,
        action: Callable[[], object],
        every_seconds: float,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._action = action
        self._every_seconds = every_seconds
        self._timer = timer
        self._due = 0.0

    def run_if_due(self) -> None:
        """Run the action when its time has come."""
        begun = self._timer()
        if begun < self._due:
            return
        try:
            self._action()
        except Exception as error:  # noqa: BLE001 - an outage of the database must not end it
            _log.error("worker.chore_failed", trace=trace(error))
        taken = self._timer() - begun
        self._due = begun + max(self._every_seconds, 10 * taken)
