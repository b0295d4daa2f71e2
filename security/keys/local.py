"""KEKs whose bytes this process holds."""

from typing import Final

from security.aead import KEY_BYTES, Key
from security.errors import DecryptionFailed, KeyUnavailable
from security.keys.port import WRONG_KEY, key_id

_DISTINCT_BYTES_MIN: Final = 12
"""32 random bytes have about 30 distinct values; fewer than 12 has a chance below 10^-15."""
_PRINTABLE: Final = range(0x20, 0x7F)


class LocalKeys:
    """The present KEK and maybe the one before it, in this process's memory.

    Raises:
        KeyUnavailable: not 32 bytes, or a placeholder instead of random bytes.
    """

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
            return self._known[key_id(wrapped)].open(associated, wrapped)
        except (DecryptionFailed, KeyError):
            raise KeyUnavailable(WRONG_KEY) from None

    def knows(self, wrapped: bytes) -> bool:
        """Tell whether the header names one of these keys."""
        return key_id(wrapped) in self._known

    def is_current(self, wrapped: bytes) -> bool:
        """Compare the header's key."""
        return key_id(wrapped) == self._key.id


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
