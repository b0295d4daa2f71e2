"""Seal and open the fields of one tenant under one key and the keys that went before it."""

from collections.abc import Iterable

from security.aead import HEADER_BYTES, Key
from security.errors import DecryptionFailed
from security.places import Place, length_prefixed


class Cipher:
    """One key of a tenant: its field key, or that of a document or conversation.

    It seals under `key` and also opens what an `older` key sealed: the header says which key is
    meant, none is ever tried on the chance that it fits. Safe to share between threads.
    """

    __slots__ = ("_keys", "_tenant", "key")

    def __init__(self, tenant_id: str, key: Key, older: Iterable[Key] = ()) -> None:
        self.key = key
        self._keys = {known.id: known for known in (*older, key)}
        self._tenant = length_prefixed(tenant_id)

    def associated_data(self, place: Place) -> bytes:
        """Return what binds a ciphertext to the tenant and the place."""
        return self._tenant + length_prefixed(place.table, place.row, place.field)

    def seal(self, place: Place, plaintext: bytes) -> bytes:
        """Encrypt `plaintext` so that it opens at `place` only."""
        return self.key.seal(self.associated_data(place), plaintext)

    def open(self, place: Place, sealed: bytes) -> bytes:
        """Decrypt what was sealed at `place`.

        Raises:
            DecryptionFailed: altered, moved, of an unknown key or format. Never a plaintext.
        """
        return self.key_of(sealed[:HEADER_BYTES]).open(self.associated_data(place), sealed)

    def is_newest(self, sealed: bytes) -> bool:
        """Tell whether a ciphertext is under the key that seals now."""
        return sealed[2:HEADER_BYTES] == self.key.id

    def key_of(self, header: bytes) -> Key:
        """Return the key that a ciphertext's header names.

        Raises:
            DecryptionFailed: this cipher does not have it.
        """
        key = self._keys.get(header[2:HEADER_BYTES])
        if key is None:
            raise DecryptionFailed
        return key
