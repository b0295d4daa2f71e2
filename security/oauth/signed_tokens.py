"""Open signed JWTs as RFC 8725 asks: the algorithm, the key and the type are ours to choose."""

import json
import re
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry
from joserfc.registry import HeaderParameter

from security.errors import Unauthenticated
from security.oauth.public_keys import algorithms_of

TOKEN_BYTES_MAX: Final = 16 * 1024
ACCESS_TOKEN_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
"""RFC 9068, section 4: an ID token, of any other type, is no access token."""
_FORM: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")
_REFUSED_HEADERS: Final = ("jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc")
"""What would let a token bring its own key, or change how it is read."""

KeyOf = Callable[[str | None], Key]
"""Returns the key that a token's `kid` names. Raises: Unauthenticated: there is none."""


class _Registry(JWSRegistry):
    """Takes the algorithms it is given and no others, and refuses dangerous headers."""

    def __init__(self, algorithms: Collection[str]) -> None:
        refused = {name: HeaderParameter("refused", "none") for name in _REFUSED_HEADERS}
        super().__init__(refused, algorithms, strict_check_header=False)
        self._pinned = frozenset(algorithms)

    def get_alg(self, name: str) -> Any:
        # The library warns of "EdDSA", a name that RFC 9864 retires and programs still write.
        if name not in self._pinned:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


class SignedToken:
    """A token whose signature is good; `check` its claims before they are believed."""

    def __init__(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
        self.header = header
        self.claims = claims

    def check(self, now: datetime, skew_seconds: int, **expected: str) -> None:
        """Check the times and the exact values of claims that must be there.

        Raises:
            Unauthenticated: expired, not yet valid, or not what is expected.
        """
        wanted: dict[str, Any] = {
            name: {"essential": True, "value": value} for name, value in expected.items()
        }
        wanted["exp"] = {"essential": True}
        checks = JWTClaimsRegistry(now=int(now.timestamp()), leeway=skew_seconds, **wanted)
        try:
            checks.validate(dict(self.claims))
        except (JoseError, ValueError, TypeError) as error:
            raise Unauthenticated from error

    def text(self, name: str) -> str:
        """Return a claim that must be a string of some length.

        Raises:
            Unauthenticated: it is none.
        """
        value = self.claims.get(name)
        if not isinstance(value, str) or not value:
            raise Unauthenticated
        return value


def opened(token: str, key_of: KeyOf, types: Collection[str] | None) -> SignedToken:
    """Verify a token's signature under the key that `key_of` gives for its `kid`.

    `types` are the values of `typ` to take (in any case of letters); None: any, or none at all.

    Raises:
        Unauthenticated: malformed, of another type, or not signed by that key.
    """
    header = unverified(token, 0)
    kid = header.get("kid")
    kind = header.get("typ")
    if types is not None and not (isinstance(kind, str) and kind.lower() in types):
        raise Unauthenticated
    if kid is not None and not isinstance(kid, str):
        raise Unauthenticated
    key = key_of(kid)
    try:
        read = jwt.decode(token, key, registry=_Registry(algorithms_of(key)))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Unauthenticated from error
    return SignedToken(read.header, read.claims)


def is_signed_form(token: str) -> bool:
    """Whether this has the three parts of a signed JWT (RFC 7515, section 3.1)."""
    return _FORM.fullmatch(token) is not None


def unverified(token: str, part: int) -> Mapping[str, Any]:
    """Read the header (0) or the claims (1) of a token that nobody has checked yet.

    Only good for finding out who should check it.

    Raises:
        Unauthenticated: malformed.
    """
    if len(token) > TOKEN_BYTES_MAX or not is_signed_form(token):
        raise Unauthenticated
    encoded = token.split(".")[part]
    try:
        read = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (Base64Error, ValueError, RecursionError) as error:
        raise Unauthenticated from error
    if not isinstance(read, dict):
        raise Unauthenticated
    return read
