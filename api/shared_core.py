"""Searches that are under way at once share one core for what they do in Python.

Only one thread at a time runs Python, and a search hands that right on at each statement. Left to
themselves its threads are spread over the cores, so that each turn finds what the last one touched
in another core's cache: a search then takes a third more processor time. What runs without the
interpreter for long, such as the pass over questions, has threads of its own on any core.

Scans of a small index run in the search's own thread. With more cores than were measured, these
might lose more by waiting for each other than the interpreter gains, so it is off there.
"""

import os
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Final

CHOSEN_SECONDS: Final = 10.0
"""How long a core serves; then the scheduler's own choice for the next search is asked again."""
MEASURED_CORES: Final = 2
_PROCESSOR: Final = 36  # in /proc/…/stat, counted from the field behind the name (proc_pid_stat(5))


def present_core() -> int:
    """Return the core that the calling thread runs on."""
    stat = Path("/proc/thread-self/stat").read_text(encoding="utf-8", errors="replace")
    return int(stat.rpartition(")")[2].split()[_PROCESSOR])


def pays_off() -> bool:
    """Tell whether this process has as few cores as those on which sharing was seen to help."""
    return hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) <= MEASURED_CORES


class SharedCore:
    """Lends one core to several threads; one alone runs where it is. Safe to share between threads.

    Where threads cannot be moved (not Linux, not allowed, a single core) nothing happens.
    """

    def __init__(
        self,
        *,
        is_on: bool = True,
        core: Callable[[], int] = present_core,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._is_on = is_on and hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1
        self._core = core
        self._clock = clock
        self._lock = Lock()
        self._threads = 0
        self._chosen = 0
        self._chosen_until = -CHOSEN_SECONDS

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Keep the calling thread on the core of the others, if there are any, in the block.

        Threads that are born within it stay there: none may be that live longer.
        """
        if not self._is_on:
            yield
            return
        with self._lock:
            self._threads += 1
            has_company = self._threads > 1
        before = self._moved() if has_company else frozenset[int]()
        try:
            yield
        finally:
            if before:
                with suppress(OSError):  # none of these cores may be used any more
                    os.sched_setaffinity(0, before)
            with self._lock:
                self._threads -= 1

    def _moved(self) -> Set[int]:
        """Move the calling thread; return the cores that it could run on, none if it stays."""
        try:
            allowed = os.sched_getaffinity(0)
            core = self._shared_core()
            if core not in allowed or len(allowed) == 1:
                return frozenset()
            os.sched_setaffinity(0, {core})
        except OSError:
            return frozenset()
        return allowed

    def _shared_core(self) -> int:
        with self._lock:
            if self._clock() >= self._chosen_until:
                self._chosen = self._core()
                self._chosen_until = self._clock() + CHOSEN_SECONDS
            return self._chosen
