"""Parts of one search that run beside each other where a corpus is large.

One part is never split: parts share nothing, and whoever waits for one that nobody has begun does
it. So on busy cores a search takes no longer than if it had done one after the other.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, TypeVar

LARGE_FROM: Final = 200_000
"""Chunks; with fewer, handing over takes as long as it saves."""

_Result = TypeVar("_Result")

_pool: Final = ThreadPoolExecutor(max(1, (os.cpu_count() or 1) - 1), "search-beside")


def beside(work: Callable[[], _Result]) -> Callable[[], _Result]:
    """Offer `work` to another thread; the returned function brings its result."""
    offered = _pool.submit(copy_context().run, work)

    def result() -> _Result:
        return work() if offered.cancel() else offered.result()

    return result
