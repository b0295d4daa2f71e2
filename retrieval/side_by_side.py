"""Parts of one search that run beside each other where a corpus is large.

One part is never split: parts share nothing, and whoever waits for one that nobody has begun does
it. So on busy cores a search takes no longer than if it had done one after the other.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from typing import Final, TypeVar

LARGE_FROM: Final = 200_000
"""Chunks; with fewer, handing over takes as long as it saves."""

_Result = TypeVar("_Result")

_cores: Final = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else frozenset[int]()


def _use_all_cores() -> None:
    """Leave the core to which the search that starts this thread may be kept."""
    if _cores:
        with suppress(OSError):  # they may not be this process's any more
            os.sched_setaffinity(0, _cores)


_pool: Final = ThreadPoolExecutor(
    max(1, (os.cpu_count() or 1) - 1), "search-beside", initializer=_use_all_cores
)


def beside(work: Callable[[], _Result]) -> Callable[[], _Result]:
    """Offer `work` to another thread; the returned function brings its result."""
    offered = _pool.submit(copy_context().run, work)

    def result() -> _Result:
        return work() if offered.cancel() else offered.result()

    return result
