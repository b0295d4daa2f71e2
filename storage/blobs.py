"""Bytes under a name, on disk: a blob is there whole, or not at all."""

import errno
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from storage.errors import BlobMissing, InvalidBlobName, StorageFull

_NAME = re.compile(r"[0-9a-z]+(\.[0-9a-z]+)*")
_NAME_CHARACTERS_MAX = 120
_FAN_OUT_CHARACTERS = 2
_PARTIALS = "partial"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class DiskBlobStore:
    """Files in a folder, fanned out by the first letters of their (random) names.

    What is written goes to a partial file first, which takes its name only when every byte has
    reached the disk. Side effects: creates `folder`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._partials = folder / _PARTIALS
        self._partials.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, name: str, pieces: Iterable[bytes]) -> int:
        """Store `pieces` under `name`, replacing what was there; return the number of bytes.

        Raises:
            InvalidBlobName: see there.
            StorageFull: the disk is full; nothing stays behind.
        """
        target = self._path(name)
        with _saying_when_full():
            partial = self._write_partial(pieces)
            try:
                size = partial.stat().st_size
                _make_folder(target.parent)
                partial.replace(target)
                _sync_folder(target.parent)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
        return size

    def open(self, name: str) -> BinaryIO:
        """Open a blob for reading; the caller closes it.

        Raises:
            BlobMissing: nothing is stored under this name.
        """
        try:
            return self._path(name).open("rb")
        except FileNotFoundError:
            raise BlobMissing from None

    def delete(self, name: str) -> None:
        """Remove a blob; one that is not there is fine."""
        self._path(name).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        """Yield the name of every whole blob."""
        for folder in self._folder.iterdir():
            if folder.is_dir() and folder != self._partials:
                yield from (path.name for path in folder.iterdir())

    def remove_partials(self, before: datetime) -> int:
        """Remove what writes that broke off before `before` left; return how many files."""
        removed = 0
        for path in self._partials.iterdir():
            if path.stat().st_mtime < before.timestamp():
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _path(self, name: str) -> Path:
        if len(name) > _NAME_CHARACTERS_MAX or not _NAME.fullmatch(name):
            raise InvalidBlobName
        return self._folder / name[:_FAN_OUT_CHARACTERS].replace(".", "_") / name

    def _write_partial(self, pieces: Iterable[bytes]) -> Path:
        handle, path = tempfile.mkstemp(dir=self._partials)
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            Path(path).unlink(missing_ok=True)
            raise
        return Path(path)


@contextmanager
def _saying_when_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull from None
        raise


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(exist_ok=True, mode=0o700)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    # A rename is only durable when the folder that holds the name is on the disk too.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
