"""Random secrets with a prefix that tells their kind and a checksum that scanners can check."""

from hashlib import sha256
from secrets import token_urlsafe
from typing import Final
from zlib import crc32

_SECRET_BYTES: Final = 32
_CHECKSUM_CHARACTERS: Final = 8


def new_secret(prefix: str) -> str:
    """Return a new secret of 256 random bits."""
    body = prefix + token_urlsafe(_SECRET_BYTES)
    return body + _checksum(body)


def is_secret(prefix: str, secret: str) -> bool:
    """Whether prefix and checksum fit, as a scanner for leaked secrets checks it too."""
    body, checksum = secret[:-_CHECKSUM_CHARACTERS], secret[-_CHECKSUM_CHARACTERS:]
    return secret.isascii() and body.startswith(prefix) and checksum == _checksum(body)


def secret_hash(secret: str) -> bytes:
    """Return what to store: 256 random bits cannot be guessed, so a slow hash gains nothing."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _checksum(body: str) -> str:
    return f"{crc32(body.encode('utf-8', 'surrogatepass')):08x}"
