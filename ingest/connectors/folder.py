"""A folder of the server's own disk, or one mounted there, with all that is below it."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ingest.connectors.errors import FolderMissing, ItemUnreadable, SourceInvalid
from ingest.connectors.patterns import is_entry_ignored
from ingest.connectors.port import End, Event, Item, Kept
from ingest.connectors.posix_readers import PosixReaders
from ingest.connectors.settings import SourceSettings


class FolderConnector:
    """Tells what a folder holds; each look is a whole one, so there is nothing to miss.

    A file is the same while its size, its time of change and its number on the disk are. Links that
    lead out of the folder are not followed.
    """

    def __init__(
        self,
        root: Path,
        ignore: Sequence[str],
        settings: SourceSettings,
        clock: Callable[[], datetime],
        readers: PosixReaders | None = None,
    ) -> None:
        self._root = root
        self._ignore = tuple(ignore)
        self._settings = settings
        self._clock = clock
        self._readers = readers

    def changes(self, cursor: str | None, known: Mapping[str, str]) -> Iterator[Event]:
        """Yield an item for each file; see the port.

        Raises:
            FolderMissing: it is not there, or the disk that was there is not.
            SourceInvalid: it holds too many files.
        """
        identity, count, closed = self._identity(), 0, list[Path]()
        for path, found in self._files(self._root, closed):
            count += 1
            if count > self._settings.folder_files_max:
                message = f"The folder holds more than {self._settings.folder_files_max} files."
                raise SourceInvalid(message)
            yield from self._event(path, found, known)
        if self._root in closed:
            raise FolderMissing
        # What is in a folder that may not be read cannot be told, and must not seem to be gone.
        yield from (Kept(key) for key in known if closed and self._is_below(key, closed))
        if not count and known and identity != cursor:
            # Another disk's or an unmounted folder, where the files have never been.
            raise FolderMissing
        yield End(identity, complete=self._identity() == identity)

    def _identity(self) -> str:
        try:
            found = self._root.stat()
        except OSError as error:
            raise FolderMissing from error
        if not stat.S_ISDIR(found.st_mode):
            raise FolderMissing
        return f"{found.st_dev}:{found.st_ino}"

    def _event(
        self, path: Path, found: os.stat_result, known: Mapping[str, str]
    ) -> Iterator[Event]:
        key = path.relative_to(self._root).as_posix()
        version = _version(found)
        age = self._clock().timestamp() - found.st_mtime
        readers = self._readers.of(path, found) if self._readers else None
        if known.get(key) == version:
            yield Kept(key, readers)
        elif 0 <= age < self._settings.settle_seconds_min:
            yield Kept(key, readers)  # still being written; the next run takes it
        else:
            yield Item(key, version, path.name, partial(self._open, path, version), readers)

    def _is_below(self, key: str, folders: Sequence[Path]) -> bool:
        return any((self._root / key).is_relative_to(folder) for folder in folders)

    def _files(self, folder: Path, closed: list[Path]) -> Iterator[tuple[Path, os.stat_result]]:
        try:
            with os.scandir(folder) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError:
            closed.append(folder)
            return
        for entry in entries:
            path = Path(entry.path)
            if is_entry_ignored(path.relative_to(self._root).as_posix(), self._ignore):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._files(path, closed)
            elif (found := self._file(entry)) is not None:
                yield path, found

    def _file(self, entry: os.DirEntry[str]) -> os.stat_result | None:
        try:
            if entry.is_symlink() and not self._is_inside(Path(entry.path).resolve(strict=True)):
                return None
            found = entry.stat()
        except (OSError, RuntimeError):  # gone meanwhile, or a link that leads nowhere
            return None
        return found if stat.S_ISREG(found.st_mode) else None

    def _is_inside(self, real: Path) -> bool:
        return real.is_relative_to(self._root.resolve())

    def _open(self, path: Path, version: str) -> BinaryIO:
        """Open what was listed.

        Raises:
            ItemUnreadable: it is another file by now, is written to, or leads out of the folder.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise ItemUnreadable from error
        stream = os.fdopen(descriptor, "rb")
        # The path may lead elsewhere since it was looked at: what counts is what was opened.
        real = Path(f"/proc/self/fd/{descriptor}").readlink()
        if self._is_inside(real) and _version(os.fstat(descriptor)) == version:
            return stream
        stream.close()
        raise ItemUnreadable


def allowed_folder(text: str, settings: SourceSettings) -> Path | None:
    """Return a folder's real path if the operator has opened it to sources."""
    path = Path(text)
    if not path.is_absolute() or "\0" in text:
        return None
    real = path.resolve()
    roots = (root.resolve() for root in settings.folder_roots)
    return real if any(real.is_relative_to(root) for root in roots) else None


def _version(found: os.stat_result) -> str:
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ino}"
