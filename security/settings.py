"""Limits of passwords, sessions and tokens. Every limit has its unit in its name."""

from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AnyUrl,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    UrlConstraints,
    model_validator,
)

from security.audit_settings import AuditSettings
from security.oidc.settings import OidcSettings

HOUR = 3600
DAY = 24 * HOUR
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
KeyHolder = Literal["file", "environment", "vault"]


class PasswordSettings(BaseModel):
    """What a password needs, and what hashing one costs (Argon2id).

    The costs are the second recommendation of RFC 9106, section 4. Together, hashing uses at
    most `hashes_at_once_max * memory_kib`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    characters_min: int = Field(default=12, ge=8)
    characters_max: int = Field(default=256, ge=64)
    memory_kib: int = Field(default=64 * 1024, ge=8)
    passes: int = Field(default=3, ge=1)
    lanes: int = Field(default=4, ge=1)
    hashes_at_once_max: int = Field(default=2, ge=1)


class SessionSettings(BaseModel):
    """How long a browser stays signed in, and how often signing in may fail.

    A session ends `idle_seconds_max` after it was last renewed and in any case
    `absolute_seconds_max` after it began. Failures count within a sliding window. With
    `password_sign_in` off, people sign in through an identity provider only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    password_sign_in: bool = True
    idle_seconds_max: int = Field(default=12 * HOUR, gt=0)
    absolute_seconds_max: int = Field(default=7 * DAY, gt=0)
    failures_per_name_max: int = Field(default=10, ge=1)
    failures_per_address_max: int = Field(default=50, ge=1)
    failure_window_seconds: int = Field(default=15 * 60, gt=0)


class AccessTokenSettings(BaseModel):
    """How long a personal access token may last, and how many a person may have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lifetime_days_max: int = Field(default=365, ge=1)
    per_user_max: int = Field(default=100, ge=1)


class ServiceAccountSettings(BaseModel):
    """How long a service account may last, how many there may be, and how they get tokens.

    An access token lasts `token_seconds`. The key that signs tokens is replaced every
    `signing_key_days`. A client assertion (`private_key_jwt`) may be valid for at most
    `assertion_seconds_max`, for so long is remembered that it was used; clocks may differ by
    `clock_skew_seconds_max`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lifetime_days_max: int = Field(default=730, ge=1)
    per_tenant_max: int = Field(default=500, ge=1)
    token_seconds: int = Field(default=10 * 60, ge=30, le=HOUR)
    signing_key_days: int = Field(default=90, ge=1)
    assertion_seconds_max: int = Field(default=5 * 60, ge=10, le=HOUR)
    clock_skew_seconds_max: int = Field(default=30, ge=0, le=120)


class ScimSettings(BaseModel):
    """How a directory provisions users and groups: its tokens, and how much it may ask for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token_lifetime_days_max: int = Field(default=730, ge=1)
    tokens_max: int = Field(default=20, ge=1)
    page_items_max: int = Field(default=200, ge=1, le=1000)
    body_bytes_max: int = Field(default=1024 * 1024, ge=1024)


class VaultSettings(BaseModel):
    """Vault's transit engine as the holder of the key-encryption key; `url` turns it on.

    It signs in with a token, a file that holds one (as Vault's agent writes it), or an AppRole.
    The system's authorities vouch for Vault's certificate unless `ca_file` names another.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = Field(default=None, description="Vault's address, https://...:8200.")
    mount: str = Field(default="transit", description="Where the transit engine is mounted.")
    key: str = Field(default="sourcebook", description="The transit key's name.")
    namespace: str | None = Field(default=None, description="Namespace, where Vault has them.")
    token: SecretStr | None = Field(default=None, description="A token of Vault.")
    token_file: Path | None = Field(default=None, description="A file that holds a token.")
    role_id: str | None = Field(default=None, description="The AppRole to sign in as.")
    secret_id: SecretStr | None = Field(default=None, description="The AppRole's secret id.")
    secret_id_file: Path | None = Field(default=None, description="A file that holds it.")
    approle_mount: str = Field(default="approle", description="Where AppRole is mounted.")
    ca_file: Path | None = Field(
        default=None, description="PEM file of the authority that signed Vault's certificate."
    )
    timeout_seconds: float = Field(default=5.0, gt=0, description="For each request to Vault.")
    retries_max: int = Field(
        default=3, ge=0, description="How often a request is sent again to a busy Vault."
    )

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        if self.url is None:
            return self
        address = urlsplit(self.url)
        if address.scheme != "https" and address.hostname not in LOOPBACK:
            message = "Vault is asked over https only, except on this machine"
            raise ValueError(message)
        ways = (self.token, self.token_file, self.role_id)
        if sum(way is not None for way in ways) != 1:
            message = "give exactly one of token, token_file and role_id"
            raise ValueError(message)
        if self.role_id is not None and (self.secret_id is None) == (self.secret_id_file is None):
            message = "role_id needs either secret_id or secret_id_file"
            raise ValueError(message)
        return self


class KeySettings(BaseModel):
    """Who holds the key-encryption key, and how long older keys and copies of keys last.

    No request lasts as long as `retire_seconds_min`, so none that began before a rotation still
    needs an older version after it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    holder: KeyHolder | None = Field(
        default=None,
        description="file, environment or vault; by default what is configured, else the file.",
    )
    former_holder: KeyHolder | None = Field(
        default=None,
        description="Who held it before, until `sourcebook keys rewrap` has moved everything.",
    )
    retire_seconds_min: int = Field(
        default=15 * 60, ge=0, description="Age at which a new version lets older ones retire."
    )
    backup_days_max: int = Field(
        default=30, ge=1, le=30, description="After so many days a backup of the keys is refused."
    )
    vault: VaultSettings = VaultSettings()


Origin = Annotated[
    AnyUrl, UrlConstraints(allowed_schemes=["http", "https", "imaps"], host_required=True)
]


class OutboundSettings(BaseModel):
    """Which addresses Sourcebook may call when somebody other than its operator chose them.

    Without more, only `https` on `ports` and, for mailboxes, `imaps` on its own, of the public
    Internet. `internal_origins` are named whole, like `https://login.example.internal`,
    `http://127.0.0.1:9000` or `imaps://mail.example.internal`: their names may lead to private
    addresses. An address in `internal_networks` may be called over TLS by any name.
    `ca_file` holds more certificate authorities (PEM) to trust, for names of your own.
    `seconds_max` and `response_bytes_max` bound one request from its name to its last byte.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    internal_origins: tuple[Origin, ...] = ()
    internal_networks: tuple[IPvAnyNetwork, ...] = ()
    ca_file: Path | None = None
    ports: tuple[int, ...] = (443,)
    seconds_max: float = Field(default=15, gt=0)
    connect_seconds_max: float = Field(default=5, gt=0)
    response_bytes_max: int = Field(default=4 * 1024 * 1024, gt=0)
    redirects_max: int = Field(default=3, ge=0)


class DirectorySettings(BaseModel):
    """How many people and groups a look-up by name shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    matches_max: int = Field(default=20, ge=1)


class RateSettings(BaseModel):
    """How many requests a minute are answered, counted in each server process for itself.

    A request with an access token counts for the token, for its owner and for the tenant.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_minute_per_user: int = Field(default=1_200, ge=1)
    requests_per_minute_per_token: int = Field(default=1_200, ge=1)
    requests_per_minute_per_tenant: int = Field(default=12_000, ge=1)


class BudgetSettings(BaseModel):
    """How much may be asked on one day (UTC), counted over all processes and restarts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    questions_per_user: int = Field(default=5_000, ge=0)
    questions_per_token: int = Field(default=5_000, ge=0)
    questions_per_tenant: int = Field(default=50_000, ge=0)
    generated_tokens_per_user: int = Field(default=2_000_000, ge=0)
    generated_tokens_per_token: int = Field(default=2_000_000, ge=0)
    generated_tokens_per_tenant: int = Field(default=20_000_000, ge=0)


class SecuritySettings(BaseModel):
    """All settings of the package."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: KeySettings = KeySettings()
    passwords: PasswordSettings = PasswordSettings()
    sessions: SessionSettings = SessionSettings()
    access_tokens: AccessTokenSettings = AccessTokenSettings()
    outbound: OutboundSettings = OutboundSettings()
    rates: RateSettings = RateSettings()
    daily_budget: BudgetSettings = BudgetSettings()
    directory: DirectorySettings = DirectorySettings()
    service_accounts: ServiceAccountSettings = ServiceAccountSettings()
    oidc: OidcSettings = OidcSettings()
    audit: AuditSettings = AuditSettings()
    scim: ScimSettings = ScimSettings()

    @model_validator(mode="after")
    def _leaves_a_way_in(self) -> Self:
        if not self.sessions.password_sign_in and not self.oidc.providers:
            raise ValueError("without password_sign_in, oidc.providers must name a provider")
        return self
