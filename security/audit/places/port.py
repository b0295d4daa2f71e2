"""What a place for checkpoints can do: take one more."""

from typing import Protocol


class CheckpointPlace(Protocol):
    """A place outside the database. Safe to call from one thread at a time."""

    def append(self, origin: str, size: int, note: str) -> None:
        """Keep a note after those before it.

        Raises:
            CheckpointNotKept: it may not be there; appending it again does no harm.
        """
        ...
