"""The public keys of programs: which are taken, and how they are stored."""

from collections.abc import Mapping
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey

from security.errors import InvalidInput

RSA_BITS_MIN: Final = 2048
_CURVES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_EDWARDS: Final = ("Ed25519", "EdDSA")
_RSA: Final = ("RS256", "PS256", "RS384", "PS384", "RS512", "PS512")
ALGORITHMS: Final = (*_CURVES.values(), *_EDWARDS, *_RSA)
"""The signature algorithms that are taken: asymmetric ones only."""
_FIELDS: Final = {"EC": ("crv", "x", "y"), "RSA": ("e", "n"), "OKP": ("crv", "x")}
_REFUSED: Final = (
    "This is no public key that can be used. Send a JWK of type EC (P-256, P-384, P-521), "
    f"OKP (Ed25519) or RSA (at least {RSA_BITS_MIN} bits), without its private part."
)


def checked_public_jwk(jwk: Mapping[str, object]) -> dict[str, str]:
    """Return the members of a public JWK that make the key, and only those.

    Raises:
        InvalidInput: of another kind, too weak, malformed, or with its private part.
    """
    fields = _FIELDS.get(str(jwk.get("kty")), ())
    if not fields or "d" in jwk:
        raise InvalidInput(_REFUSED)
    stored = {name: str(jwk.get(name, "")) for name in ("kty", *fields)}
    try:
        key = JWKRegistry.import_key(dict(stored))
        algorithms_of(key)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise InvalidInput(_REFUSED) from error
    return stored


def algorithms_of(key: Key) -> tuple[str, ...]:
    """Return the asymmetric signature algorithms that fit a key.

    Raises:
        ValueError: none does, or the key is too weak.
    """
    if isinstance(key, ECKey) and key.curve_name in _CURVES:
        return (_CURVES[key.curve_name],)
    if isinstance(key, OKPKey) and key.curve_name == "Ed25519":
        return _EDWARDS
    if isinstance(key, RSAKey) and key.raw_value.key_size >= RSA_BITS_MIN:
        return _RSA
    message = "no signature algorithm fits this key"
    raise ValueError(message)
