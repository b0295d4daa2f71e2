"""How a process that only works learns that it is to end."""

import os
import signal
import sys
import threading


def stop_event(*, attached: bool) -> threading.Event:
    """Return an event that SIGTERM, SIGINT or, when attached, the parent's end sets.

    An attached process has the reading end of its parent's pipe as its standard input.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if attached:
        threading.Thread(target=_wait_for_parent, args=(stop,), daemon=True).start()
    return stop


def _wait_for_parent(stop: threading.Event) -> None:
    """Read to the end, past Python's buffer, whose lock a thread must not hold as we exit."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    stop.set()
