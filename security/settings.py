"""Limits of passwords, sessions and tokens. Every limit has its unit in its name."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, IPvAnyNetwork

HOUR = 3600
DAY = 24 * HOUR


class PasswordSettings(BaseModel):
    """What a password needs, and what hashing one costs (Argon2id).

    The costs are the second recommendation of RFC 9106, section 4. Together, hashing uses at
    most `hashes_at_once_max * memory_kib`.
    """

    model_config = ConfigDict(frozen=True)

    characters_min: int = Field(default=12, ge=8)
    characters_max: int = Field(default=256, ge=64)
    memory_kib: int = Field(default=64 * 1024, ge=8)
    passes: int = Field(default=3, ge=1)
    lanes: int = Field(default=4, ge=1)
    hashes_at_once_max: int = Field(default=2, ge=1)


class SessionSettings(BaseModel):
    """How long a browser stays signed in, and how often signing in may fail.

    A session ends `idle_seconds_max` after it was last renewed and in any case
    `absolute_seconds_max` after it began. Failures count within a sliding window.
    """

    model_config = ConfigDict(frozen=True)

    idle_seconds_max: int = Field(default=12 * HOUR, gt=0)
    absolute_seconds_max: int = Field(default=7 * DAY, gt=0)
    failures_per_name_max: int = Field(default=10, ge=1)
    failures_per_address_max: int = Field(default=50, ge=1)
    failure_window_seconds: int = Field(default=15 * 60, gt=0)


class AccessTokenSettings(BaseModel):
    """How long a personal access token may last, and how many a person may have."""

    model_config = ConfigDict(frozen=True)

    lifetime_days_max: int = Field(default=365, ge=1)
    per_user_max: int = Field(default=100, ge=1)


class KeySettings(BaseModel):
    """How long an older version of a tenant's key stays at least after a rotation.

    No request lasts as long, so none that began before the rotation still needs it.
    """

    model_config = ConfigDict(frozen=True)

    retire_seconds_min: int = Field(default=15 * 60, ge=0)


class OutboundSettings(BaseModel):
    """Which addresses Sourcebook may call when somebody other than its operator chose them.

    Without more, only `https` on `ports` of the public Internet. `internal_origins` are named
    whole, like `https://login.example.internal` or `http://127.0.0.1:9000`: their names may lead to
    private addresses. An address in `internal_networks` may be called over `https` by any name.
    `ca_file` holds more certificate authorities (PEM) to trust, for names of your own.
    `seconds_max` and `response_bytes_max` bound one request from its name to its last byte.
    """

    model_config = ConfigDict(frozen=True)

    internal_origins: tuple[HttpUrl, ...] = ()
    internal_networks: tuple[IPvAnyNetwork, ...] = ()
    ca_file: Path | None = None
    ports: tuple[int, ...] = (443,)
    seconds_max: float = Field(default=15, gt=0)
    connect_seconds_max: float = Field(default=5, gt=0)
    response_bytes_max: int = Field(default=4 * 1024 * 1024, gt=0)
    redirects_max: int = Field(default=3, ge=0)


class SecuritySettings(BaseModel):
    """All settings of the package."""

    model_config = ConfigDict(frozen=True)

    keys: KeySettings = KeySettings()
    passwords: PasswordSettings = PasswordSettings()
    sessions: SessionSettings = SessionSettings()
    access_tokens: AccessTokenSettings = AccessTokenSettings()
    outbound: OutboundSettings = OutboundSettings()
