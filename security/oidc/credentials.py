"""Prove to a provider which client we are: a secret, or a signature (`private_key_jwt`)."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import quote_plus
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from security.oidc.errors import ProviderUnavailable
from security.oidc.metadata import Metadata
from security.oidc.settings import ProviderSettings

_ASSERTION_SECONDS: Final = 60
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS: Final = {"RSA": ("PS256", "RS256"), "EC": ("ES256",), "OKP": ("EdDSA",)}


@dataclass(frozen=True, slots=True)
class Proof:
    """What to add to a request for tokens."""

    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def proof_of(settings: ProviderSettings, metadata: Metadata, now: datetime) -> Proof:
    """Return the proof that the settings have and the provider takes.

    Raises:
        ProviderUnavailable: the file of the secret or key cannot be read.
    """
    if settings.private_key_file is not None:
        return Proof(_signed(settings, metadata, now))
    secret = _secret(settings)
    if "client_secret_basic" not in metadata.token_endpoint_auth_methods_supported:
        return Proof({"client_id": settings.client_id, "client_secret": secret})
    # RFC 6749, section 2.3.1: both parts are encoded like a form's before they are joined.
    joined = f"{quote_plus(settings.client_id)}:{quote_plus(secret)}"
    return Proof(headers={"Authorization": f"Basic {b64encode(joined.encode()).decode()}"})


def _signed(settings: ProviderSettings, metadata: Metadata, now: datetime) -> dict[str, str]:
    """Sign who we are (RFC 7523, section 3)."""
    key, begun = _private_key(settings), int(now.timestamp())
    known = metadata.token_endpoint_auth_signing_alg_values_supported
    candidates = _ALGORITHMS[key.key_type]
    algorithm = next((one for one in candidates if one in known), candidates[-1])
    header = {"alg": algorithm}
    if settings.private_key_id:
        header["kid"] = settings.private_key_id
    claims = {
        "iss": settings.client_id,
        "sub": settings.client_id,
        "aud": metadata.token_endpoint,
        "jti": uuid4().hex,
        "iat": begun,
        "exp": begun + _ASSERTION_SECONDS,
    }
    return {
        "client_id": settings.client_id,
        "client_assertion_type": _ASSERTION_TYPE,
        "client_assertion": jwt.encode(header, claims, key, algorithms=[algorithm]),
    }


def _secret(settings: ProviderSettings) -> str:
    if settings.client_secret is not None:
        return settings.client_secret.get_secret_value()
    assert settings.client_secret_file is not None  # noqa: S101 - the settings hold one of three
    try:
        return settings.client_secret_file.read_text().strip()
    except OSError as error:
        raise ProviderUnavailable from error


def _private_key(settings: ProviderSettings) -> Key:
    assert settings.private_key_file is not None  # noqa: S101 - the caller has looked
    try:
        text = settings.private_key_file.read_text()
        if text.lstrip().startswith("{"):
            return JWKRegistry.import_key(json.loads(text))
        return JWKRegistry.import_key(text, _kind_of_pem(text))
    except (OSError, ValueError, JoseError) as error:
        raise ProviderUnavailable from error


def _kind_of_pem(text: str) -> str:
    key = load_pem_private_key(text.encode(), password=None)
    if isinstance(key, RSAPrivateKey):
        return "RSA"
    return "EC" if isinstance(key, EllipticCurvePrivateKey) else "OKP"
