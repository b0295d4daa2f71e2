"""Which providers people sign in through, and how closely they are watched."""

from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from security.principal import Role

HOUR = 3600
ANYONE: Final = "*"
"""Stands for everyone whom the provider lets through, among the groups of `roles` and `groups`."""
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
"""Signatures that only the provider can make; never `none`, never HMAC."""
GroupName = Annotated[str, Field(min_length=1, max_length=200)]


class ProviderSettings(BaseModel):
    """One provider: in the settings file, a table `[[security.oidc.providers]]` for each.

    It needs exactly one of `client_secret`, `client_secret_file` and `private_key_file`. Somebody
    is let in when `roles` or `groups` name one of the groups in their claims, or `*` for anyone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="Its short name in our addresses."
    )
    title: str = Field(
        min_length=1, max_length=80, description="What the button on the sign-in page says."
    )
    issuer: str = Field(
        max_length=512, description="Its issuer, to the letter as its discovery document has it."
    )
    client_id: str = Field(min_length=1, description="What it knows Sourcebook by.")
    client_secret: SecretStr | None = Field(default=None, description="The client's secret.")
    client_secret_file: Path | None = Field(
        default=None, description="A file that holds nothing but the secret."
    )
    private_key_file: Path | None = Field(
        default=None, description="A private key (PEM or JWK) for `private_key_jwt`, no secret."
    )
    private_key_id: str | None = Field(
        default=None, description="The `kid` by which the provider knows that key."
    )
    scopes: tuple[str, ...] = Field(
        default=("openid", "profile"), description="What to ask for; some need `offline_access`."
    )
    algorithms: tuple[Algorithm, ...] = Field(
        default=("RS256", "PS256", "ES256"), min_length=1, description="Signatures to accept."
    )
    name_claim: str = Field(default="name", description="The claim that names a new account.")
    groups_claim: str = Field(
        default="groups", description="The claim of groups; dots lead inward: realm_access.roles."
    )
    roles: dict[GroupName, Role] = Field(
        default={}, description="The tenant-wide role of each group in the claims."
    )
    groups: dict[GroupName, GroupName] = Field(
        default={}, description="What groups in the claims are called here; else as there."
    )
    sign_out_at_provider: bool = Field(
        default=True, description="Whether signing out goes on to the provider's own sign-out."
    )

    api_audience: str | None = Field(
        default=None,
        min_length=1,
        description="The audience of its access tokens for our API; without it none is taken.",
    )
    api_scope_prefix: str = Field(
        default="", description="What its scopes have before the verb: `sourcebook:` of `…:read`."
    )
    api_introspection: bool = Field(
        default=False, description="Whether to ask it about opaque tokens (RFC 7662)."
    )

    @field_validator("issuer")
    @classmethod
    def _is_issuer(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        if parts.scheme not in {"https", "http"} or not parts.netloc:
            raise ValueError("an issuer is an https address")
        if parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("an issuer has no query, fragment or user")
        return issuer

    @field_validator("scopes")
    @classmethod
    def _has_openid(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            raise ValueError("the scopes need openid")
        return scopes

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        credentials = (self.client_secret, self.client_secret_file, self.private_key_file)
        if sum(one is not None for one in credentials) != 1:
            raise ValueError("set one of client_secret, client_secret_file and private_key_file")
        if self.api_introspection and self.api_audience is None:
            raise ValueError("api_introspection needs api_audience")
        if not self.roles and not self.groups:
            raise ValueError("without roles or groups, nobody would be let in")
        known = self.roles.keys() | self.groups.keys()
        if len({self.group_name(name) for name in known}) < len(known):
            raise ValueError("two groups in the claims would have one name")
        return self

    def group_name(self, group: str) -> str:
        """Return what a group in the claims is called here."""
        return self.groups.get(group, self.title if group == ANYONE else group)


class OidcSettings(BaseModel):
    """Sign-in through OpenID Connect.

    Rights are asked for again every `refresh_seconds`, with the refresh token. A session ends when
    the provider has not confirmed it for `unconfirmed_seconds_max`, be it that the provider is
    down or that it gave no refresh token. Its clock may be off by `leeway_seconds`. An unknown
    signing key is looked for at most every `keys_refetch_seconds_min`. What it says of an opaque
    access token is kept for `introspection_seconds_max`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    providers: tuple[ProviderSettings, ...] = Field(
        default=(), description="The providers; their keys are listed below."
    )
    leeway_seconds: int = Field(
        default=30, ge=0, le=300, description="By how much a provider's clock may be off."
    )
    sign_in_seconds_max: int = Field(
        default=10 * 60, gt=0, description="How long a person has at the provider's pages."
    )
    sign_ins_open_max: int = Field(
        default=10_000, ge=1, description="Sign-ins under way; the oldest make room for new ones."
    )
    refresh_seconds: int = Field(
        default=5 * 60, gt=0, description="How old rights from the claims may get in a session."
    )
    unconfirmed_seconds_max: int = Field(
        default=10 * HOUR, gt=0, description="How long a session lasts without being confirmed."
    )
    metadata_seconds_max: int = Field(
        default=HOUR, gt=0, description="How long discovery documents and key sets are kept."
    )
    keys_refetch_seconds_min: int = Field(
        default=60, ge=0, description="Pause between two looks for an unknown signing key."
    )
    introspection_seconds_max: int = Field(default=60, ge=0, le=60)
    logout_token_seconds_max: int = Field(
        default=5 * 60, gt=0, description="How old a logout token may be."
    )

    @model_validator(mode="after")
    def _tells_providers_apart(self) -> Self:
        for names in ([one.id for one in self.providers], [one.issuer for one in self.providers]):
            if len(set(names)) < len(names):
                raise ValueError("two providers share an id or an issuer")
        if sum(one.api_introspection for one in self.providers) > 1:
            raise ValueError("an opaque token cannot say whose it is: only one may introspect")
        return self
