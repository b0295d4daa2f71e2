"""The keys that a provider signs with, and signatures checked with them."""

import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from security.oidc.errors import SignInNotProven
from security.oidc.provider import Provider
from security.oidc.settings import OidcSettings

_KINDS: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_BRINGS_A_KEY: Final = frozenset({"jwk", "jku", "x5u", "crit"})
"""Headers by which a token names its own key, or asks for what we do not know."""
_TOKEN_CHARACTERS_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Signed:
    """What a token says, signed by the provider; nothing of it is checked yet."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


class ProviderKeys:
    """A provider's key set, fetched when a token names an unknown key, though not too often."""

    def __init__(
        self, provider: Provider, limits: OidcSettings, clock: Callable[[], datetime]
    ) -> None:
        self._provider = provider
        self._clock = clock
        self._keep = timedelta(seconds=limits.metadata_seconds_max)
        self._pause = timedelta(seconds=limits.keys_refetch_seconds_min)
        self._lock = Lock()
        self._fetched_at: datetime | None = None
        self._keys: list[dict[str, Any]] = []

    def verified(self, token: str) -> Signed:
        """Return what a token says if one of the provider's keys signed it.

        The algorithm is one of those in the settings and fits the key, which is never the token's
        own (RFC 8725, sections 3.1, 3.2 and 3.5).

        Raises:
            SignInNotProven: no.
            ProviderUnavailable: the keys cannot be fetched.
        """
        allowed = self._provider.settings.algorithms
        header = _header(token)
        algorithm = header.get("alg")
        if algorithm not in allowed or _BRINGS_A_KEY & header.keys():
            raise SignInNotProven
        key = self._key(header.get("kid"), str(algorithm))
        registry = JWSRegistry(algorithms=[str(algorithm)], strict_check_header=False)
        try:
            opened = jwt.decode(token, key, registry=registry)
        except (JoseError, ValueError, TypeError) as error:
            raise SignInNotProven from error
        return Signed(opened.header, opened.claims)

    def _key(self, kid: object, algorithm: str) -> Key:
        with self._lock:
            now = self._clock()
            if self._fetched_at is None or now - self._fetched_at >= self._keep:
                self._fetch(now)
            found = self._fitting(kid, algorithm)
            if not found and self._fetched_at and now - self._fetched_at >= self._pause:
                self._fetch(now)
                found = self._fitting(kid, algorithm)
        # Without a name, only a key that is the only one can be meant.
        if len(found) != 1:
            raise SignInNotProven
        try:
            return JWKRegistry.import_key(found[0])
        except (JoseError, ValueError, TypeError) as error:
            raise SignInNotProven from error

    def _fetch(self, now: datetime) -> None:
        document = self._provider.get(self._provider.metadata().jwks_uri)
        keys = document.get("keys")
        self._keys = [one for one in keys if isinstance(one, dict)] if keys else []
        self._fetched_at = now

    def _fitting(self, kid: object, algorithm: str) -> list[dict[str, Any]]:
        return [
            key
            for key in self._keys
            if (kid is None or key.get("kid") == kid)
            and key.get("kty") == _KINDS[algorithm[:2]]
            and key.get("use", "sig") == "sig"
            and key.get("alg", algorithm) == algorithm
        ]


def _header(token: str) -> dict[str, Any]:
    if len(token) > _TOKEN_CHARACTERS_MAX or not token.isascii():
        raise SignInNotProven
    try:
        header = json.loads(urlsafe_b64decode(token.partition(".")[0].encode()))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise SignInNotProven from error
    if not isinstance(header, dict):
        raise SignInNotProven
    return header
