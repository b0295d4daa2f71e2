"""Check an ID token as OpenID Connect Core 1.0 demands (sections 3.1.3.7, 3.1.3.8 and 12.2)."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256, sha384, sha512
from typing import Any, Final

from security.oidc.errors import SignInNotProven
from security.oidc.keys import ProviderKeys, Signed

_HASHES: Final = {"256": sha256, "384": sha384, "512": sha512, "DSA": sha512}
"""By the end of the algorithm's name; EdDSA stands for Ed25519, which hashes with SHA-512."""
_SUBJECT_CHARACTERS_MAX: Final = 255


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say; `now` in UTC, `leeway` in seconds."""

    issuer: str
    client_id: str
    now: datetime
    leeway: int


def checked_id_token(
    token: str, keys: ProviderKeys, expected: Expected, *, nonce: str, access_token: str | None
) -> Mapping[str, Any]:
    """Return the claims of the ID token that ends a sign-in.

    Raises:
        SignInNotProven: a check failed; which one is not told.
        ProviderUnavailable: the keys cannot be fetched.
    """
    signed = keys.verified(token)
    claims = _checked(signed, expected)
    if not hmac.compare_digest(_text(claims, "nonce").encode(), nonce.encode()):
        raise SignInNotProven
    _check_access_token(signed, access_token)
    return claims


def checked_refreshed(
    token: str, keys: ProviderKeys, expected: Expected, *, nonce: str, subject: str
) -> Mapping[str, Any]:
    """Return the claims of an ID token that came with a refresh: it tells of the same person.

    Raises:
        SignInNotProven: a check failed.
        ProviderUnavailable: the keys cannot be fetched.
    """
    claims = _checked(keys.verified(token), expected)
    if claims["sub"] != subject or claims.get("nonce", nonce) != nonce:
        raise SignInNotProven
    return claims


def check_addressed(claims: Mapping[str, Any], expected: Expected) -> None:
    """Check that a token of any kind is from this issuer, for us, and neither too old nor too new.

    Raises:
        SignInNotProven: it is not.
    """
    if claims.get("iss") != expected.issuer:
        raise SignInNotProven
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or expected.client_id not in audiences:
        raise SignInNotProven
    now = expected.now.timestamp()
    if _number(claims, "iat") > now + expected.leeway:
        raise SignInNotProven
    if "nbf" in claims and _number(claims, "nbf") > now + expected.leeway:
        raise SignInNotProven
    if _number(claims, "exp") <= now - expected.leeway:
        raise SignInNotProven


def _checked(signed: Signed, expected: Expected) -> Mapping[str, Any]:
    # An access or logout token of the same provider must not pass for an ID token (RFC 8725, 3.11).
    if str(signed.header.get("typ", "JWT")).upper() != "JWT":
        raise SignInNotProven
    claims = signed.claims
    if "events" in claims:
        raise SignInNotProven
    check_addressed(claims, expected)
    shared = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if shared else expected.client_id) != expected.client_id:
        raise SignInNotProven
    if not 0 < len(_text(claims, "sub")) <= _SUBJECT_CHARACTERS_MAX:
        raise SignInNotProven
    return claims


def _check_access_token(signed: Signed, access_token: str | None) -> None:
    if "at_hash" not in signed.claims:
        return
    digest = _HASHES[str(signed.header["alg"])[-3:]]((access_token or "").encode()).digest()
    half = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    stated = _text(signed.claims, "at_hash").encode()
    if access_token is None or not hmac.compare_digest(half, stated):
        raise SignInNotProven


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise SignInNotProven
    return value


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SignInNotProven
    return float(value)
