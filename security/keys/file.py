"""A KEK in a file."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from security.aead import KEY_BYTES
from security.errors import KeyUnavailable
from security.keys.local import LocalKeys

_UNFINISHED: Final = (
    "The key-encryption key was replaced before and its precursor is still there. Run "
    "`sourcebook keys rewrap` and `sourcebook keys retire --master`, then try again."
)


class FileKeyProvider:
    """A KEK in a file of 32 bytes that nobody but its owner may read.

    While the KEK is being replaced, its precursor lies beside it with `.previous` after its name.
    A process that meets a key of neither reads the files again, so it goes on through a rotation.

    Raises:
        KeyUnavailable: a file is missing, of the wrong size, or open to others.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = self._read()

    def wrap(self, associated: bytes, key: bytes) -> bytes:
        """Encrypt under the present KEK, read again: another process may have replaced it."""
        self._keys = self._read()
        return self._keys.wrap(associated, key)

    def unwrap(self, associated: bytes, wrapped: bytes) -> bytes:
        """Decrypt under the KEK that the header names."""
        self.knows(wrapped)
        return self._keys.unwrap(associated, wrapped)

    def knows(self, wrapped: bytes) -> bool:
        """Tell whether the header names one of the keys, read again if it does not."""
        if not self._keys.knows(wrapped):
            self._keys = self._read()
        return self._keys.knows(wrapped)

    def is_current(self, wrapped: bytes) -> bool:
        """Compare the header's key with the file's, read again."""
        self._keys = self._read()
        return self._keys.is_current(wrapped)

    def replace(self) -> str:
        """Write a new KEK in the file's place and keep the old one beside it.

        Side effects: the old key moves to `.previous`, from where `retire` removes it once no
        tenant key needs it. A power cut between leaves both names with the old key.

        Returns: what the operator should do now.

        Raises:
            KeyUnavailable: an earlier replacement was not finished.
        """
        previous = _previous(self._path)
        try:
            previous.hardlink_to(self._path)
        except FileExistsError:
            if previous.read_bytes() != self._path.read_bytes():
                raise KeyUnavailable(_UNFINISHED) from None
        _write_new(self._path, lambda partial: partial.replace(self._path))
        self._keys = self._read()
        return f"A new key-encryption key is in {self._path}: back it up."

    def retire(self) -> None:
        """Delete the old KEK: what it still wraps is lost."""
        _previous(self._path).unlink(missing_ok=True)
        _sync_folder(self._path.parent)
        self._keys = self._read()

    def _read(self) -> LocalKeys:
        previous = _previous(self._path)
        older = _read_private(previous) if previous.exists() else None
        return LocalKeys(_read_private(self._path), older)

    @classmethod
    def create(cls, path: Path) -> "FileKeyProvider":
        """Write a new random key to `path` (mode 0600), then read it from there.

        The file appears whole or not at all, also after a power cut.

        Raises:
            FileExistsError: there is one already; it is never overwritten.
        """
        # A link, unlike a rename, fails when another process was first.
        _write_new(path, path.hardlink_to)
        return cls(path)


def _write_new(path: Path, publish: Callable[[Path], object]) -> None:
    """Write a new random key beside `path`, then let `publish` give it its name."""
    partial = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        publish(partial)
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _previous(path: Path) -> Path:
    return path.with_name(f"{path.name}.previous")


def _read_private(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode) or mode & (stat.S_IRWXG | stat.S_IRWXO):
                detail = "The key file is open to other users. Run `chmod 600` on it."
                raise KeyUnavailable(detail)
            return file.read(KEY_BYTES + 1)
    except OSError:
        detail = "The key file cannot be read. Restore it from your backup of the keys."
        raise KeyUnavailable(detail) from None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
