"""Keep worker processes running beside the API, and end them with it."""

import subprocess
import sys
from collections.abc import Sequence
from threading import Event, Thread

from api.observability.logs import log

RESTART_SECONDS = 1.0
STOP_SECONDS_MAX = 30.0


class WorkerProcesses:
    """Child processes that are started again when they die.

    Each child holds the reading end of a pipe as its standard input: when this process ends,
    even by SIGKILL, the child reads the end of the file and stops by itself.
    """

    def __init__(self, count: int, command: Sequence[str] = ()) -> None:
        self._command = list(command) or [sys.executable, "-m", "api.cli", "worker", "--attached"]
        self._stopping = Event()
        self._threads = [
            Thread(target=self._keep, args=(number,), name=f"worker-{number}", daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        """Start all workers."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask all workers to finish their present step and wait until they have."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _keep(self, number: int) -> None:
        while not self._stopping.is_set():
            # Our own arguments only.
            child = subprocess.Popen(  # noqa: S603
                [*self._command, "--name", f"worker-{number}"], stdin=subprocess.PIPE
            )
            self._wait(child)
            if not self._stopping.wait(RESTART_SECONDS):
                log.warning("worker_restarted", worker=number, exit_status=child.returncode)

    def _wait(self, child: subprocess.Popen[bytes]) -> None:
        while child.poll() is None and not self._stopping.wait(0.2):
            pass
        assert child.stdin is not None  # noqa: S101 - a pipe was asked for
        child.stdin.close()
        try:
            child.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
