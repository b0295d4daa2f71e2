"""A worker outlives a database that does not answer at the moment its engine starts."""

import threading
from collections.abc import Callable
from pathlib import Path

from ingest.settings import WorkerSettings
from ingest.states import Status
from ingest.worker import Worker
from security.audit import AuditLog
from tests.unit.ingest_pipeline.test_steps import WORDS, CountingEmbedder, Line, line, parse, split

__all__ = ["line"]

FINAL = {Status.READY, Status.FAILED}


class Outage(threading.Event):
    """Set when the work is over; the engine's database comes back at the first wait."""

    def __init__(self, folder: Path, is_over: Callable[[], bool]) -> None:
        super().__init__()
        self._folder, self._is_over = folder, is_over
        self.waited_without = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.waited_without += not self._folder.exists()
        self._folder.mkdir(exist_ok=True)
        if self._is_over():
            self.set()
        return super().wait(timeout)


def test_the_engine_is_started_again(line: Line, audit: AuditLog, clock, tmp_path: Path) -> None:
    work = line.upload()
    stop = Outage(tmp_path / "engine", lambda: line.row(work).status in FINAL)
    Worker(
        database=line.database,
        jobs_url=f"sqlite:///{tmp_path}/engine/jobs.db",
        blobs=line.blobs,
        keyring=line.keyring,
        audit=audit,
        embedder=CountingEmbedder(),
        parse=parse,
        split=split,
        tokenize=lambda _keys, chunk: chunk.text.encode(),
        settings=WorkerSettings(niceness=0, poll_seconds=0.01, transient_wait_seconds=0.01),
        clock=clock,
        stop=stop,
    ).run()
    assert stop.waited_without == 1
    assert (line.row(work).status, line.words(work)) == ("ready", WORDS.split())
