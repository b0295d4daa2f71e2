"""Give memory back after a large document."""

import ctypes
from collections.abc import Callable


def release_memory() -> None:
    """Return freed memory to the system where the C library offers it (glibc's malloc_trim).

    It would keep what a report of a thousand pages needed until the worker ends.
    """
    trim: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
