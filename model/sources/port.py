"""What every source of model files does."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from model.known_models import KnownModel

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""


def unreported(_done_bytes: int, _total_bytes: int) -> None:
    """Report progress to nobody."""


class ModelSource(Protocol):
    """A place that may have a model's file."""

    @property
    def name(self) -> str:
        """Name the source in messages and in folder names."""
        ...

    def fetch(self, model: KnownModel, working: Path, progress: Progress) -> Path:
        """Put the whole file, unverified, somewhere below `working` and return its path.

        `working` belongs to this source and model alone, and outlives an interruption: what an
        earlier try left there is used again.

        Raises:
            SourceUnavailable: the source does not have it or cannot be reached.
        """
        ...
