"""What a holder of the key-encryption key can do.

A cloud's key management service would be one more adapter: `wrap` and `unwrap` are its Encrypt and
Decrypt with `associated` as encryption context, and the conformance suite of the tests says what
else it owes.
"""

from typing import Final, Protocol, runtime_checkable

from security.aead import HEADER_BYTES

WRONG_KEY: Final = (
    "The key-encryption key is not the one that this data was stored under. "
    "Restore the key that belongs to it."
)


class KeyProvider(Protocol):
    """Whoever holds the key-encryption key: a file, the environment, or a vault."""

    def wrap(self, associated: bytes, key: bytes) -> bytes:
        """Encrypt a key and bind it to `associated`.

        Raises:
            KeyUnavailable: the KEK cannot be used now.
        """
        ...

    def unwrap(self, associated: bytes, wrapped: bytes) -> bytes:
        """Decrypt a key.

        Raises:
            KeyUnavailable: it was wrapped by another KEK, or altered, or bound to something else,
                or the KEK cannot be used now.
        """
        ...

    def knows(self, wrapped: bytes) -> bool:
        """Tell whether the header names a KEK of this holder."""
        ...

    def is_current(self, wrapped: bytes) -> bool:
        """Tell whether `wrap` would use the same KEK today as it did for `wrapped`."""
        ...


@runtime_checkable
class ReplaceableKeyProvider(KeyProvider, Protocol):
    """A holder that can make a new KEK itself."""

    def replace(self) -> str:
        """Make a new KEK, which wraps from now on, and keep the old one for what it wrapped.

        Returns: what the operator should do now.

        Raises:
            KeyUnavailable: an earlier replacement was not finished, or the KEK cannot be used now.
        """
        ...

    def retire(self) -> None:
        """Give up the old KEK: what it still wraps is lost."""
        ...


def key_id(wrapped: bytes) -> bytes:
    """Return the name of the KEK in a wrapped key's header."""
    return wrapped[2:HEADER_BYTES]
