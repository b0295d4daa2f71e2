"""One at a time, first come first served, and only so many waiting."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from model.errors import GeneratorBusy

_LOOK_SECONDS = 0.05
"""How often a waiting request looks whether it was cancelled."""


class WaitingLine:
    """A fair lock with a bounded queue. Not bound to threads: any thread may leave for another."""

    def __init__(self, waiting_requests_max: int) -> None:
        self._waiting_max = waiting_requests_max
        self._line: deque[object] = deque()  # the first one has its turn
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, cancelled: threading.Event) -> Iterator[None]:
        """Wait for a turn and hold it; once cancelled, do not wait any longer.

        Raises:
            GeneratorBusy: the line is full.
        """
        ticket = self._join()
        try:
            self._wait(ticket, cancelled)
            yield
        finally:
            self._leave(ticket)

    def __len__(self) -> int:
        """Count all in the line, the one whose turn it is included."""
        return len(self._line)

    def _join(self) -> object:
        ticket = object()
        with self._changed:
            if len(self._line) > self._waiting_max:
                raise GeneratorBusy(self._waiting_max)
            self._line.append(ticket)
        return ticket

    def _wait(self, ticket: object, cancelled: threading.Event) -> None:
        with self._changed:
            while self._line[0] is not ticket and not cancelled.is_set():
                self._changed.wait(_LOOK_SECONDS)

    def _leave(self, ticket: object) -> None:
        with self._changed:
            self._line.remove(ticket)
            self._changed.notify_all()
