"""A worker that was started by the server ends by itself, however it is told to."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

WAITING = """
from api.stop_event import stop_event

stop = stop_event(attached=True)
print("waiting", flush=True)
stop.wait()
"""


@contextmanager
def waiting_process() -> Iterator[subprocess.Popen[bytes]]:
    """Yield a process that waits as a worker does, with our end of its standard input open."""
    command = [sys.executable, "-c", WAITING]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"waiting\n"
        try:
            yield child
        finally:
            child.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_while_its_parent_lives(number: signal.Signals) -> None:
    """Ctrl-C at a terminal reaches the worker before the server closes its input."""
    with waiting_process() as child:
        child.send_signal(number)
        assert child.wait() == 0
        assert child.stderr is not None
        assert child.stderr.read() == b""


def test_the_end_of_its_parent_ends_it() -> None:
    with waiting_process() as child:
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait() == 0
