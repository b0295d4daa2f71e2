"""Authenticated encryption under one key, and the header that says which key and format it has.

A ciphertext is `version (1) | algorithm (1) | key id (16) | nonce (24) | text | tag (16)`; the
first three are the header, which is authenticated together with the caller's associated data.
The algorithm is XAES-256-GCM, whose random nonces do not run out. What the first release sealed
with plain AES-256-GCM (nonce of 12 bytes) opens still; nothing is sealed so any more.
"""

import io
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from security import xaes
from security.errors import DecryptionFailed

KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 16
VERSION: Final = 1
AES_256_GCM: Final = 1
AES_256_GCM_SEGMENTS: Final = 2
XAES_256_GCM: Final = 3
AES_256_GCM_HKDF_STREAM: Final = 4
VAULT_TRANSIT: Final = 5
"""Wrapped by Vault; see keys/vault.py."""
HEADER_BYTES: Final = 2 + KEY_ID_BYTES
TAG_BYTES: Final = 16
_NONCE_BYTES: Final = {AES_256_GCM: 12, XAES_256_GCM: xaes.NONCE_BYTES}


def derive(secret: bytes, purpose: str, length: int = KEY_BYTES) -> bytes:
    """Derive a subkey from a uniform 256-bit secret (HKDF-SHA256, expand step of RFC 5869)."""
    return HKDFExpand(SHA256(), length, b"sourcebook/" + purpose.encode()).derive(secret)


class Key:
    """A 256-bit secret with what is derived from it: an id, field keys and a file secret.

    The id is derived too, so a ciphertext commits to its key: nobody can make one that opens
    under two keys with the same id.
    """

    __slots__ = ("_aeads", "_header", "field_secret", "file_secret", "id")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            message = f"a key has {KEY_BYTES} bytes"
            raise ValueError(message)
        derived = io.BytesIO(derive(secret, "key", KEY_ID_BYTES + 3 * KEY_BYTES))
        self.id = derived.read(KEY_ID_BYTES)
        gcm = AESGCM(derived.read(KEY_BYTES))
        self.file_secret = derived.read(KEY_BYTES)
        self.field_secret = derived.read(KEY_BYTES)
        self._aeads: dict[int, AESGCM | xaes.XaesGcm] = {
            AES_256_GCM: gcm,
            XAES_256_GCM: xaes.XaesGcm(self.field_secret),
        }
        self._header = self.header(XAES_256_GCM)

    def header(self, algorithm: int) -> bytes:
        """Return the header of what this key seals with the algorithm."""
        return bytes((VERSION, algorithm)) + self.id

    def seal(self, associated: bytes, plaintext: bytes) -> bytes:
        """Encrypt and bind to `associated`."""
        # The nonce comes from the system and cannot be passed in: a repeated one breaks the key.
        nonce = os.urandom(xaes.NONCE_BYTES)
        body = self._aeads[XAES_256_GCM].encrypt(nonce, plaintext, self._header + associated)
        return self._header + nonce + body

    def open(self, associated: bytes, sealed: bytes) -> bytes:
        """Decrypt what `seal` gave for the same `associated`.

        Raises:
            DecryptionFailed: altered, bound to something else, or of another key or format.
        """
        header = sealed[:HEADER_BYTES]
        algorithm = sealed[1] if len(sealed) > HEADER_BYTES else 0
        if algorithm not in self._aeads or header != self.header(algorithm):
            raise DecryptionFailed
        body = HEADER_BYTES + _NONCE_BYTES[algorithm]
        if len(sealed) < body + TAG_BYTES:
            raise DecryptionFailed
        nonce, text = sealed[HEADER_BYTES:body], sealed[body:]
        try:
            return self._aeads[algorithm].decrypt(nonce, text, header + associated)
        except InvalidTag:
            raise DecryptionFailed from None
