"""What every source of model files does."""

from pathlib import Path
from typing import Protocol

from model.known_models import KnownModel
from model.progress import Progress


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
