"""What goes over the wire for service accounts and at the token endpoint."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.schema_base import Input, View
from security.principal import Role


class ServiceAccount(View):
    """The account of a program; `id` is its client id, `role` the tenant-wide one, if any."""

    id: str
    name: str
    role: Role | None
    credential: Literal["secret", "key", "provider"]
    created_by: str
    created_at: datetime
    expires_at: datetime


class CreatedServiceAccount(ServiceAccount):
    """A new service account; `secret`, if it has one, is shown this once."""

    secret: str | None


class ServiceAccountList(BaseModel):
    """All service accounts of the tenant."""

    items: list[ServiceAccount]


class ExternalIdentity(Input):
    """Who the program is to an identity provider: its tokens come from there."""

    issuer: str = Field(min_length=1, max_length=512)
    subject: str = Field(min_length=1, max_length=255)


class PublicKey(Input):
    """A public key as JSON Web Key (RFC 7517): EC, OKP (Ed25519) or RSA."""

    kty: str
    crv: str | None = None
    x: str | None = None
    y: str | None = None
    e: str | None = None
    n: str | None = None
    kid: str | None = None
    use: str | None = None
    alg: str | None = None


class NewServiceAccount(Input):
    """A service account to create; without `public_jwk` or `identity` it gets a secret."""

    name: str
    role: Role | None = None
    expires_in_days: int = Field(ge=1)
    public_jwk: PublicKey | None = None
    identity: ExternalIdentity | None = None


class ServiceAccountSecret(BaseModel):
    """A new secret; it is shown this once."""

    secret: str


class AccessToken(BaseModel):
    """RFC 6749, section 5.1."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str


class OAuthError(BaseModel):
    """RFC 6749, section 5.2."""

    error: str
    error_description: str


class KeySet(BaseModel):
    """RFC 7517, section 5."""

    keys: list[dict[str, str]]


class ServerMetadata(BaseModel):
    """RFC 8414, section 2."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    scopes_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    token_endpoint_auth_signing_alg_values_supported: list[str]
    service_documentation: str


class ScimToken(View):
    """A provisioning token, without its secret."""

    id: str
    name: str
    issuer: str | None
    created_at: datetime
    expires_at: datetime


class NewScimToken(Input):
    """A provisioning token to create.

    With an `issuer`, the `externalId` that the directory sends is its users' subject there.
    """

    name: str
    expires_in_days: int = Field(ge=1)
    issuer: str | None = Field(default=None, min_length=1, max_length=512)


class CreatedScimToken(ScimToken):
    """A new token; `token` is shown this once."""

    token: str


class ScimTokenList(BaseModel):
    """All provisioning tokens of the tenant."""

    items: list[ScimToken]
