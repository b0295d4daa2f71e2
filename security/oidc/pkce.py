"""Proof Key for Code Exchange (RFC 7636)."""

from base64 import urlsafe_b64encode
from hashlib import sha256


def s256(verifier: str) -> str:
    """Return the challenge of a verifier (section 4.2)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
