"""Checkpoints in a file that is only ever appended to."""

import os
from pathlib import Path

from security.errors import CheckpointNotKept


class CheckpointFile:
    """A file, opened for appending only, that whoever runs the server may lock with `chattr +a`.

    Side effects: creates the file (mode 0600) and its folder with the first checkpoint.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, origin: str, size: int, note: str) -> None:  # noqa: ARG002 - the note says it
        """Write a note and wait until it is on the disk.

        Raises:
            CheckpointNotKept: no room, no right, no folder.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
            descriptor = os.open(self._path, flags, 0o600)
            try:
                _write(descriptor, note.encode() + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError:
            raise CheckpointNotKept from None


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
