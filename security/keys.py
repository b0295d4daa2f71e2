"""The key-encryption key (KEK): the one secret that is not in the database.

It wraps the tenants' keys and nothing else. A wrapped key names its KEK in its header.
"""

import base64
import os
import stat
from pathlib import Path
from typing import Final, Protocol

from security.aead import KEY_BYTES, Key
from security.errors import DecryptionFailed, KeyUnavailable

_DISTINCT_BYTES_MIN: Final = 12
"""32 random bytes have about 30 distinct values; fewer than 12 has a chance below 10^-15."""


_PRINTABLE: Final = range(0x20, 0x7F)


class KeyProvider(Protocol):
    """Whoever holds the key-encryption key: a file, the environment, later a vault."""

    def wrap(self, associated: bytes, key: bytes) -> bytes:
        """Encrypt a key and bind it to `associated`."""
        ...

    def unwrap(self, associated: bytes, wrapped: bytes) -> bytes:
        """Decrypt a key.

        Raises:
            KeyUnavailable: it was wrapped by another KEK, or altered, or bound to something else.
        """
        ...


class _LocalKey:
    """A KEK in this process's memory."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES or _is_placeholder(secret):
            detail = (
                "The key-encryption key must be 32 random bytes. Make one with "
                "`openssl rand -base64 32`."
            )
            raise KeyUnavailable(detail)
        self._key = Key(secret)

    def wrap(self, associated: bytes, key: bytes) -> bytes:
        return self._key.seal(associated, key)

    def unwrap(self, associated: bytes, wrapped: bytes) -> bytes:
        try:
            return self._key.open(associated, wrapped)
        except DecryptionFailed:
            detail = (
                "The key-encryption key is not the one that this data was stored under. "
                "Restore the key that belongs to it."
            )
            raise KeyUnavailable(detail) from None


class EnvironmentKeyProvider(_LocalKey):
    """A KEK given as the base64 of 32 random bytes, as a setting holds it.

    Raises:
        KeyUnavailable: not base64, not 32 bytes, or a placeholder instead of random bytes.
    """

    def __init__(self, encoded: str) -> None:
        try:
            secret = base64.b64decode(encoded.strip(), validate=True)
        except ValueError:
            secret = b""
        super().__init__(secret)


class FileKeyProvider(_LocalKey):
    """A KEK in a file of 32 bytes that nobody but its owner may read.

    Raises:
        KeyUnavailable: the file is missing, of the wrong size, or open to others.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(_read_private(path))

    @classmethod
    def create(cls, path: Path) -> "FileKeyProvider":
        """Write a new random key to `path` (mode 0600), then read it from there.

        The file appears whole or not at all, also after a power cut.

        Raises:
            FileExistsError: there is one already; it is never overwritten.
        """
        partial = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(os.urandom(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            # A link, unlike a rename, fails when another process was first.
            path.hardlink_to(partial)
        finally:
            partial.unlink()
        _sync_folder(path.parent)
        return cls(path)


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
