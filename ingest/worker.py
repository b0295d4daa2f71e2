"""The worker process: takes documents from the queue until it is told to stop."""

import os
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from ingest.connectors.holding import Holding
from ingest.connectors.schedule import SourceSchedule, Sync
from ingest.connectors.sync import SourceSync
from ingest.heartbeat import Heartbeat
from ingest.pipeline.dispatcher import Dispatcher
from ingest.pipeline.failures import trace
from ingest.pipeline.progress import Progress
from ingest.pipeline.pruning import Pruning
from ingest.pipeline.runner import Runner
from ingest.pipeline.steps import OnStage, Parse, Show, Split, Steps, Tokenize
from ingest.pipeline.workflow import close, enqueue, launch
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
        self._heartbeat = Heartbeat(database, settings.name, clock)
        self._sweep = OrphanSweep(database, blobs, clock)
        self._pruning = Pruning(database, settings.history_days, clock)

    def run(self) -> None:
        """Work until `stop` is set, then leave what is unfinished for the next worker.

        Side effects: lowers the process's priority, so that questions come first.
        """
        os.nice(self._settings.niceness)
        self._heartbeat.start()
        jobs = launch(self._jobs_url, self._steps, self._runner, self._settings, self._sources)
        silence = timedelta(seconds=self._settings.lost_seconds_max)
        living = partial(self._heartbeat.living, silence)
        dispatcher = Dispatcher(
            self._database,
            self._progress,
            partial(enqueue, jobs.ingest),
            living,
            self._settings.waiting_documents_max,
        )
        try:
            self._loop(dispatcher, self._schedule(jobs.sync, living))
        finally:
            self._end()

    def _schedule(
        self, sync: Sync | None, living: Callable[[], frozenset[str]]
    ) -> Callable[[], object]:
        if self._sources is None or sync is None:
            return lambda: None
        return SourceSchedule(self._database, self._sources, sync, living, self._clock).dispatch

    def _loop(self, dispatcher: Dispatcher, start_sources: Callable[[], object]) -> None:
        settings = self._settings
        chores = [
            Chore(self._heartbeat.beat, settings.heartbeat_seconds),
            Chore(dispatcher.reconcile, settings.reconcile_seconds),
            Chore(dispatcher.dispatch, settings.poll_seconds),
            Chore(start_sources, settings.sources_poll_seconds),
            Chore(self._sweep.run, settings.sweep_seconds),
            Chore(self._pruning.run, settings.sweep_seconds),
        ]
        while True:
            for chore in chores:
                chore.run_if_due()
            if self._stop.wait(settings.poll_seconds):
                return

    def _end(self) -> None:
        close(self._jobs_url, self._settings)
        self._heartbeat.end()


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
