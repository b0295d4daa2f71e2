"""AES-256-GCM under one key, and the header that says which key and format a ciphertext has.

A ciphertext is `version (1) | algorithm (1) | key id (16) | nonce (12) | text | tag (16)`; the
first three are the header, which is authenticated together with the caller's associated data.

Nonces are random. NIST SP 800-38D, 8.3 bounds one key to 2^32 of them; a document's key seals a
few values per chunk, a tenant's subkey one per name or audited action. The algorithm byte is
there for a longer nonce (XAES-256-GCM) when that is no longer enough.
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from security.errors import DecryptionFailed

KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 16
VERSION: Final = 1
AES_256_GCM: Final = 1
AES_256_GCM_SEGMENTS: Final = 2
HEADER_BYTES: Final = 2 + KEY_ID_BYTES
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
_BODY: Final = HEADER_BYTES + NONCE_BYTES


def derive(secret: bytes, purpose: str, length: int = KEY_BYTES) -> bytes:
    """Derive a subkey from a uniform 256-bit secret (HKDF-SHA256, expand step of RFC 5869)."""
    return HKDFExpand(SHA256(), length, b"sourcebook/" + purpose.encode()).derive(secret)


class Key:
    """A 256-bit secret with what is derived from it: an id, a field key and a file secret.

    The id is derived too, so a ciphertext commits to its key: nobody can make one that opens
    under two keys with the same id.
    """

    __slots__ = ("_aead", "_header", "file_secret", "id")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            message = f"a key has {KEY_BYTES} bytes"
            raise ValueError(message)
        derived = derive(secret, "key", KEY_ID_BYTES + 2 * KEY_BYTES)
        self.id = derived[:KEY_ID_BYTES]
        self._aead = AESGCM(derived[KEY_ID_BYTES:-KEY_BYTES])
        self.file_secret = derived[-KEY_BYTES:]
        self._header = self.header(AES_256_GCM)

    def header(self, algorithm: int) -> bytes:
        """Return the header of what this key seals with the algorithm."""
        return bytes((VERSION, algorithm)) + self.id

    def seal(self, associated: bytes, plaintext: bytes) -> bytes:
        """Encrypt and bind to `associated`."""
        # The nonce comes from the system and cannot be passed in: a repeated one breaks the key.
        nonce = os.urandom(NONCE_BYTES)
        body = self._aead.encrypt(nonce, plaintext, self._header + associated)
        return self._header + nonce + body

    def open(self, associated: bytes, sealed: bytes) -> bytes:
        """Decrypt what `seal` gave for the same `associated`.

        Raises:
            DecryptionFailed: altered, bound to something else, or of another key or format.
        """
        if sealed[:HEADER_BYTES] != self._header or len(sealed) < _BODY + TAG_BYTES:
            raise DecryptionFailed
        try:
            return self._aead.decrypt(
                sealed[HEADER_BYTES:_BODY], sealed[_BODY:], self._header + associated
            )
        except InvalidTag:
            raise DecryptionFailed from None
