"""The key-encryption key (KEK): the one secret that is not in the database.

It wraps the tenants' keys and nothing else. A wrapped key names its KEK in its header.
"""

import base64
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from security.aead import HEADER_BYTES, KEY_BYTES, Key
from security.errors import DecryptionFailed, KeyUnavailable

_DISTINCT_BYTES_MIN: Final = 12
"""32 random bytes have about 30 distinct values; fewer than 12 has a chance below 10^-15."""


_PRINTABLE: Final = range(0x20, 0x7F)
_WRONG_KEY: Final = (
    "The key-encryption key is not the one that this data was stored under. "
    "Restore the key that belongs to it."
)
_UNFINISHED: Final = (
    "The key-encryption key was replaced before and its precursor is still there. Run "
    "`sourcebook keys rewrap` and `sourcebook keys retire`, then try again."
)


class KeyProvider(Protocol):
    """Whoever holds the key-encryption key: a file, the environment, or a vault."""

    def wrap(self, associated: bytes, key: bytes) -> bytes:
        """Encrypt a key and bind it to `associated`."""
        ...

    def unwrap(self, associated: bytes, wrapped: bytes) -> bytes:
        """Decrypt a key.

        Raises:
            KeyUnavailable: it was wrapped by another KEK, or altered, or bound to something else.
        """
        ...

    def is_current(self, wrapped: bytes) -> bool:
        """Tell whether `wrap` would use the same KEK today as it did for `wrapped`."""
        ...


class LocalKeys:
    """The present KEK and maybe the one before it, in this process's memory."""

    def __init__(self, secret: bytes, previous: bytes | None = None) -> None:
        self._key = _key(secret)
        self._known = {self._key.id: self._key}
        if previous is not None:
            older = _key(previous)
            self._known[older.id] = older

    def wrap(self, associated: bytes, key: bytes) -> bytes:
        """Encrypt under the present KEK."""
        return self._key.seal(associated, key)

    def unwrap(self, associated: bytes, wrapped: bytes) -> bytes:
        """Decrypt under the KEK that the header names."""
        try:
            return self._known[_key_id(wrapped)].open(associated, wrapped)
        except (DecryptionFailed, KeyError):
            raise KeyUnavailable(_WRONG_KEY) from None

    def is_current(self, wrapped: bytes) -> bool:
        """Compare the header's key."""
        return _key_id(wrapped) == self._key.id

    def knows(self, wrapped: bytes) -> bool:
        """Tell whether the header names one of these keys."""
        return _key_id(wrapped) in self._known


class EnvironmentKeyProvider(LocalKeys):
    """A KEK given as the base64 of 32 random bytes, as a setting holds it, and maybe its precursor.

    Raises:
        KeyUnavailable: not base64, not 32 bytes, or a placeholder instead of random bytes.
    """

    def __init__(self, encoded: str, previous: str | None = None) -> None:
        super().__init__(_decoded(encoded), None if previous is None else _decoded(previous))


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
        """Encrypt under the present KEK."""
        return self._keys.wrap(associated, key)

    def unwrap(self, associated: bytes, wrapped: bytes) -> bytes:
        """Decrypt under the KEK that the header names."""
        if not self._keys.knows(wrapped):
            self._keys = self._read()
        return self._keys.unwrap(associated, wrapped)

    def is_current(self, wrapped: bytes) -> bool:
        """Compare the header's key with the file's, read again."""
        self._keys = self._read()
        return self._keys.is_current(wrapped)

    def replace(self) -> None:
        """Write a new KEK in the file's place and keep the old one beside it.

        Side effects: the old key moves to `.previous`, from where `retire` removes it once no
        tenant key needs it. A power cut between leaves both names with the old key.

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


def _key_id(wrapped: bytes) -> bytes:
    return wrapped[2:HEADER_BYTES]


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except ValueError:
        return b""


def _key(secret: bytes) -> Key:
    if len(secret) != KEY_BYTES or _is_placeholder(secret):
        detail = (
            "The key-encryption key must be 32 random bytes. Make one with "
            "`openssl rand -base64 32`."
        )
        raise KeyUnavailable(detail)
    return Key(secret)


def _is_placeholder(secret: bytes) -> bool:
    is_text = all(byte in _PRINTABLE for byte in secret)  # by chance: below 10^-13
    return is_text or len(set(secret)) < _DISTINCT_BYTES_MIN


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
