"""What a provider may answer about an opaque token, and for how long it is believed."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr, ValidationError

from security.errors import Unauthenticated
from security.oauth.provider_tokens import ProviderTokens
from security.oidc.connection import Connection
from security.oidc.errors import ProviderUnavailable
from security.oidc.settings import OidcSettings, ProviderSettings
from security.principal import Role, Verb

ISSUER, API = "https://login.example", "https://books.example/api"


def _settings(**more: Any) -> ProviderSettings:
    return ProviderSettings(
        id="company",
        title="Company",
        issuer=ISSUER,
        client_id="books",
        client_secret=SecretStr("secret"),
        roles={"staff": Role.READER},
        **{"api_audience": API, "api_introspection": True, **more},
    )


class Provider:
    """Answers introspection as a test says, and counts the questions."""

    def __init__(self) -> None:
        self.answer: Any = {}
        self.status = 200
        self.asked: list[str] = []

        self.key = self.new_key()
        self.published = [self.key]

    def new_key(self) -> ECKey:
        return ECKey.generate_key("P-256", {"kid": uuid4().hex, "alg": "ES256"})

    def signed(self, **claims: Any) -> str:
        header = {"alg": "ES256", "typ": "at+jwt", "kid": self.key.kid}
        return jwt.encode(header, claims, self.key)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/.well-known"):
            names = ("authorization", "token", "introspection")
            document = {f"{name}_endpoint": f"{ISSUER}/{name}" for name in names}
            return httpx.Response(
                200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks", **document}
            )
        if request.url.path == "/jwks":
            return httpx.Response(200, json=KeySet(self.published).as_dict(private=False))
        assert request.headers["authorization"].startswith("Basic ")
        self.asked.append(request.content.decode())
        return httpx.Response(self.status, json=self.answer)


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def tokens(provider: Provider, clock: Any) -> ProviderTokens:
    limits = OidcSettings(providers=(_settings(),))
    http = httpx.Client(transport=httpx.MockTransport(provider))
    connection = Connection(limits.providers[0], limits, http, clock)
    return ProviderTokens([connection], limits, clock)


@pytest.fixture
def honest(clock: Any) -> dict[str, Any]:
    now = int(clock().timestamp())
    return {"active": True, "sub": "ada", "aud": API, "scope": "read x", "exp": now + 600}


def test_an_active_token_for_our_api_is_believed(
    tokens: ProviderTokens, provider: Provider, honest: dict[str, Any]
) -> None:
    provider.answer = {**honest, "token_type": "bearer"}
    proven = tokens.opaque("t")
    assert (proven.issuer, proven.subject, proven.scopes) == (ISSUER, "ada", {Verb.READ})
    assert proven.expires_at == datetime.fromtimestamp(honest["exp"], UTC)
    assert provider.asked == ["token=t&token_type_hint=access_token"]


@pytest.mark.parametrize(
    "change",
    [
        {"active": False},
        {"active": "true"},
        {"active": 1},
        {"active": None},
        {"aud": "https://other.example"},
        {"aud": None},
        {"aud": [f"{API}/"]},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"sub": None},
        {"sub": 5},
        {"sub": ["ada"]},
        {"exp": 1},
        {"exp": "never"},
        {"exp": True},
        {"exp": 10**30},
        {"nbf": 10**11},
        {"nbf": "now"},
        {"token_type": "refresh_token"},
        {"token_type": "id_token"},
        {"token_type": "DPoP"},
        {"token_type": 1},
    ],
    ids=str,
)
def test_any_other_answer_is_a_no(
    tokens: ProviderTokens, provider: Provider, honest: dict[str, Any], change: dict[str, Any]
) -> None:
    provider.answer = {**honest, **change}
    with pytest.raises(Unauthenticated):
        tokens.opaque("t")


def test_a_client_s_own_token_may_lack_a_subject(
    tokens: ProviderTokens, provider: Provider, honest: dict[str, Any]
) -> None:
    del honest["sub"]
    provider.answer = {**honest, "client_id": "batch", "aud": ["x", API], "iss": ISSUER}
    assert tokens.opaque("t").subject == "batch"


def test_answers_are_kept_for_a_minute_at_most_and_never_beyond_the_token(
    tokens: ProviderTokens, provider: Provider, honest: dict[str, Any], clock: Any
) -> None:
    provider.answer = honest
    tokens.opaque("t")
    provider.answer = {"active": False}
    clock.advance(seconds=59)
    tokens.opaque("t")
    with pytest.raises(Unauthenticated):
        tokens.opaque("another")
    clock.advance(seconds=1)
    with pytest.raises(Unauthenticated):
        tokens.opaque("t")
    provider.answer = {**honest, "exp": int(clock().timestamp()) + 5}
    tokens.opaque("short")
    provider.answer = {"active": False}
    clock.advance(seconds=5)
    with pytest.raises(Unauthenticated):
        tokens.opaque("short")
    assert len(provider.asked) == 5


def test_no_is_kept_too_so_guessing_does_not_burden_the_provider(
    tokens: ProviderTokens, provider: Provider
) -> None:
    provider.answer = {"active": False}
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            tokens.opaque("t")
    assert len(provider.asked) == 1


@pytest.mark.parametrize(("status", "error"), [(500, ProviderUnavailable), (400, Unauthenticated)])
def test_a_provider_that_does_not_answer_is_no_yes(
    tokens: ProviderTokens, provider: Provider, status: int, error: type[Exception]
) -> None:
    provider.status = status
    with pytest.raises(error):
        tokens.opaque("t")


def test_keys_are_fetched_again_when_the_provider_rotates_them(
    tokens: ProviderTokens, provider: Provider, clock: Any
) -> None:
    def accepts() -> bool:
        exp = int(clock().timestamp()) + 60
        token = provider.signed(iss=ISSUER, aud=API, sub="ada", exp=exp)
        try:
            return tokens.signed(token, ISSUER).subject == "ada"
        except Unauthenticated:
            return False

    assert accepts()
    before = provider.key
    provider.key = provider.new_key()
    provider.published = [provider.key]
    assert not accepts()  # asked a moment ago
    clock.advance(seconds=60)
    assert accepts()
    provider.key = before
    assert not accepts()


def test_without_introspection_opaque_tokens_are_nobody_s(clock: Any) -> None:
    limits = OidcSettings(providers=(_settings(api_introspection=False),))
    connection = Connection(limits.providers[0], limits, httpx.Client(), clock)
    with pytest.raises(Unauthenticated):
        ProviderTokens([connection], limits, clock).opaque("t")


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(ValidationError, match="api_audience"):
        _settings(api_audience=None)
    two = [_settings(), _settings()]
    other = two[1].model_copy(update={"id": "other", "issuer": "https://other.example"})
    with pytest.raises(ValidationError, match="only one may introspect"):
        OidcSettings(providers=(two[0], other))
    with pytest.raises(ValidationError):
        OidcSettings(introspection_seconds_max=61)
