"""How far something long is, for whoever shows it."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all; what takes several passes starts each from nothing."""


def unreported(_done_bytes: int, _total_bytes: int) -> None:
    """Report progress to nobody."""
