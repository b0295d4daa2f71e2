"""XAES-256-GCM (C2SP): AES-256-GCM with nonces of 192 bits, long enough to be random for ever.

Each message gets an AES-256-GCM key of its own, derived from the first half of the nonce by
the counter-mode KDF of NIST SP 800-108r1 over CMAC. At 2^80 messages under one key, two random
nonces are equal with a chance of 2^-32; plain AES-256-GCM is there after 2^32 messages.
"""

import threading
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB

NONCE_BYTES: Final = 24
_HALF: Final = NONCE_BYTES // 2
_BLOCK_BYTES: Final = 16
_BLOCK_BITS: Final = 8 * _BLOCK_BYTES
_REDUCTION: Final = 0x87
"""x^128 = x^7 + x^2 + x + 1 in CMAC's field (NIST SP 800-38B, 5.3)."""


class XaesGcm:
    """The AEAD under one 256-bit key. Safe to share between threads."""

    __slots__ = ("_block", "_lock", "_mask")

    def __init__(self, key: bytes) -> None:
        # ECB over single blocks is the bare block cipher, which is what a KDF is built from. It has
        # no state between blocks, so one context serves all messages: making one costs most.
        self._block = Cipher(AES256(key), ECB()).encryptor()  # noqa: S305 - see above
        self._lock = threading.Lock()
        subkey = _doubled(self._encrypted(bytes(_BLOCK_BYTES)))
        first, second = (_xor(subkey, bytes((0, n)) + b"X\0" + bytes(_HALF)) for n in (1, 2))
        self._mask = int.from_bytes(first + second)

    def encrypt(self, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
        """Return ciphertext and tag. A nonce must never be used twice: take a random one."""
        return self._message_key(nonce).encrypt(nonce[_HALF:], plaintext, associated)

    def decrypt(self, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
        """Return the plaintext.

        Raises:
            cryptography.exceptions.InvalidTag: anything differs from what was encrypted.
        """
        return self._message_key(nonce).decrypt(nonce[_HALF:], sealed, associated)

    def _message_key(self, nonce: bytes) -> AESGCM:
        half = bytes(4) + nonce[:_HALF]
        blocks = int.from_bytes(half + half) ^ self._mask
        return AESGCM(self._encrypted(blocks.to_bytes(2 * _BLOCK_BYTES)))

    def _encrypted(self, blocks: bytes) -> bytes:
        with self._lock:
            return self._block.update(blocks)


def _doubled(block: bytes) -> bytes:
    """Multiply by x in CMAC's field."""
    shifted = int.from_bytes(block) << 1
    carry = shifted >> _BLOCK_BITS
    return ((shifted ^ (carry << _BLOCK_BITS)) ^ (_REDUCTION * carry)).to_bytes(_BLOCK_BYTES)


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
