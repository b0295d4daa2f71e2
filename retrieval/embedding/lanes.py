"""Threads that each compute on one core.

Several cores are used by several batches at once, never by one operation split between them: on a
machine whose cores are also busy with something else, every split operation waits for its slowest
part, and a query was measured at 340 ms that takes 9 ms on one core.
"""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Lanes:
    """A pool of threads in which torch uses one core each; it lives as long as the process."""

    def __init__(self, count: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(count, name)
        _start_single_core(self._pool, count)

    def run(self, work: Callable[[], _Result]) -> _Result:
        """Do one piece of work on one core and wait for it."""
        return self._pool.submit(work).result()

    def start(self, work: Callable[[], None]) -> None:
        """Do one piece of work on one core without waiting for it."""
        self._pool.submit(work)

    def map(self, work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
        """Apply `work` to each item; results keep the order of the items."""
        return list(self._pool.map(work, items))


def _start_single_core(pool: ThreadPoolExecutor, count: int) -> None:
    """Start all of the pool's threads and set each to one core.

    torch's call also sets the default for threads that are not born yet, which belongs to the
    rest of the process: it is put back.
    """
    default = torch.get_num_threads()
    all_started = threading.Barrier(count + 1)

    def set_single_core() -> None:
        # A thread takes over the default at its first look, which would undo an earlier setting.
        torch.get_num_threads()
        torch.set_num_threads(1)
        all_started.wait()

    for _ in range(count):
        pool.submit(set_single_core)
    all_started.wait()
    torch.set_num_threads(default)
