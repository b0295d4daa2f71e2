"""Access tokens of identity providers at our API: honest ones, and what none would issue."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from api.wiring import utc_now
from security.oauth.provider_tokens import ProviderTokens
from security.oauth.tables import ServiceAccount
from security.oidc.connection import Connection
from security.oidc.settings import OidcSettings, ProviderSettings
from security.principal import Role, Verb
from security.tables import Identity, User
from tests.integration.identity.liar import LyingProvider
from tests.integration.identity.product import PASSWORD, Product
from tests.integration.identity.provider import OidcProvider

API = "https://sourcebook.example/api"
OPAQUE = f"{API}/opaque"
INVALID = 'Bearer realm="sourcebook", error="invalid_token"'
Link = Callable[[str, str], str]
Signed = Callable[..., str]


@pytest.fixture
def link(product: Product) -> Link:
    """Return what makes a service account whose tokens come from a provider."""

    def make(issuer: str, subject: str) -> str:
        browser = product.browser()
        form = {"name": "admin", "password": PASSWORD}
        browser.post("/v1/session", json=form).raise_for_status()
        new = {
            "name": f"job {uuid4().hex}",
            "role": "reader",
            "expires_in_days": 1,
            "identity": {"issuer": issuer, "subject": subject},
        }
        return str(browser.post("/v1/service-accounts", json=new).raise_for_status().json()["id"])

    return make


@pytest.fixture
def person(product: Product, liar: LyingProvider) -> str:
    """Return the subject of somebody whom the lying provider knows; they read and ask."""
    subject = uuid4().hex
    with product.database.transaction(product.state.tenant_id) as session:
        now = product.clock()
        tenant_id = product.state.tenant_id
        session.add(User(id=subject, tenant_id=tenant_id, name=subject, created_at=now))
        session.flush()
        session.add(
            Identity(
                tenant_id=tenant_id,
                issuer=liar.issuer,
                subject=subject,
                user_id=subject,
                created_at=now,
            )
        )
    return subject


@pytest.fixture
def signed(liar: LyingProvider, person: str) -> Signed:
    """Return what issues access tokens (RFC 9068); a claim of None is left out."""

    def sign(header: dict[str, Any] | None = None, /, **changed: Any) -> str:
        honest = {"sub": person, "aud": API, "scope": "books:read", "name": None, "groups": None}
        return liar.signed(
            liar.claims(None, **{**honest, **changed}), **{"typ": "at+jwt", **(header or {})}
        )

    return sign


def use(product: Product, token: str) -> httpx.Response:
    return httpx.get(f"{product.url}/v1/session", headers={"Authorization": f"Bearer {token}"})


def refused(product: Product, token: str) -> None:
    answer = use(product, token)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), answer.text
    assert answer.headers["www-authenticate"] == INVALID


def _issued(provider: OidcProvider, resource: str, scope: str = "read ask") -> tuple[Any, str]:
    client = provider.register(
        grant_types=["client_credentials"], redirect_uris=[], response_types=[]
    )
    answer = httpx.post(
        provider.metadata["token_endpoint"],
        data={"grant_type": "client_credentials", "resource": resource, "scope": scope},
        auth=(client.id, client.secret),
    )
    return client, str(answer.raise_for_status().json()["access_token"])


def test_a_program_s_opaque_token_of_a_certified_provider_opens_its_account(
    product: Product, oidc_provider: OidcProvider, link: Link
) -> None:
    client, token = _issued(oidc_provider, OPAQUE, "read")
    refused(product, token)
    account_id = link(oidc_provider.issuer, client.id)
    user = use(product, token).raise_for_status().json()["user"]
    assert (user["id"], user["verbs"]) == (account_id, ["read"])
    with product.database.transaction(product.state.tenant_id) as session:
        session.get_one(ServiceAccount, account_id).expires_at = product.clock()
    refused(product, token)


def test_a_revoked_opaque_token_ends_within_a_minute(
    product: Product, oidc_provider: OidcProvider, link: Link
) -> None:
    client, token = _issued(oidc_provider, OPAQUE)
    link(oidc_provider.issuer, client.id)
    assert use(product, token).status_code == 200
    httpx.post(
        oidc_provider.metadata["revocation_endpoint"],
        data={"token": token},
        auth=(client.id, client.secret),
    ).raise_for_status()
    product.clock.advance(seconds=60)
    refused(product, token)


def test_tokens_of_a_certified_provider_for_another_api_are_refused(
    product: Product, oidc_provider: OidcProvider, link: Link
) -> None:
    for resource in (API, f"{API}/other/opaque"):
        client, token = _issued(oidc_provider, resource)
        link(oidc_provider.issuer, client.id)
        refused(product, token)


def test_a_jwt_of_a_certified_provider_proves_its_client(oidc_provider: OidcProvider) -> None:
    client, token = _issued(oidc_provider, API)
    settings = ProviderSettings(
        id="company",
        title="Company",
        issuer=oidc_provider.issuer,
        client_id="unused",
        client_secret=SecretStr("unused"),
        roles={"staff": Role.READER},
        api_audience=API,
    )
    limits = OidcSettings(providers=(settings,))
    with httpx.Client() as http:
        tokens = ProviderTokens([Connection(settings, limits, http, utc_now)], limits, utc_now)
        proven = tokens.signed(token, oidc_provider.issuer)
    assert (proven.subject, proven.scopes) == (client.id, {Verb.READ, Verb.ASK})


def test_a_jwt_stands_for_a_person_within_its_scopes(
    product: Product, person: str, signed: Signed
) -> None:
    user = use(product, signed()).raise_for_status().json()["user"]
    assert (user["id"], user["verbs"]) == (person, [])  # the person holds no role
    with product.database.transaction(product.state.tenant_id) as session:
        session.get_one(User, person).deactivated_at = product.clock()
    refused(product, signed())


def test_a_jwt_stands_for_a_program(
    product: Product, liar: LyingProvider, link: Link, signed: Signed
) -> None:
    account_id = link(liar.issuer, "batch")
    for scopes, verbs in (
        ({"scope": "books:read books:upload openid"}, ["read"]),
        ({"scope": None, "scp": ["books:read", "books:ask"]}, ["ask", "read"]),
        ({"scope": "read ask"}, []),
        ({"scope": None}, []),
        ({"scope": 7}, []),
        ({"aud": [API, "https://elsewhere.example"]}, ["read"]),
    ):
        user = use(product, signed(sub="batch", **scopes)).raise_for_status().json()["user"]
        assert (user["id"], user["verbs"]) == (account_id, verbs), scopes


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 2**40},
        {"aud": "https://elsewhere.example"},
        {"aud": "sourcebook"},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"iss": ["x"]},
        {"sub": "somebody else"},
        {"sub": None},
        {"sub": 5},
    ],
    ids=str,
)
def test_a_claim_that_is_wrong_is_refused(
    product: Product, signed: Signed, claims: dict[str, Any]
) -> None:
    refused(product, signed(**claims))


@pytest.mark.parametrize("typ", ["JWT", "logout+jwt", "id_token", ""])
def test_an_id_token_is_no_access_token(product: Product, signed: Signed, typ: str) -> None:
    assert use(product, signed({"typ": "AT+JWT"})).status_code == 200
    refused(product, signed({"typ": typ}))


def test_keys_that_a_token_brings_do_not_count(
    product: Product, liar: LyingProvider, signed: Signed
) -> None:
    own = RSAKey.generate_key(2048, {"kid": "own", "alg": "RS256"})
    for header in (
        {"jwk": liar.key.as_dict(private=False)},
        {"jku": f"{liar.issuer}/jwks"},
        {"x5u": f"{liar.issuer}/chain"},
        {"crit": ["exp"], "exp": 1},
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("joserfc.jws.JWSRegistry.check_header", lambda *_: None)
            token = signed(header)
        refused(product, token)
    liar.key, honest = own, liar.key
    try:
        for header in ({}, {"jwk": own.as_dict(private=False)}, {"kid": "one"}):
            refused(product, signed(header))
    finally:
        liar.key = honest


def test_no_signature_and_a_shared_secret_are_refused(
    product: Product, liar: LyingProvider, signed: Signed
) -> None:
    claims = signed().split(".")[1]
    for alg in ("none", "NONE"):
        refused(product, f"{_part({'alg': alg, 'typ': 'at+jwt', 'kid': 'one'})}.{claims}.")
    start = f"{_part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': 'one'})}.{claims}"
    for secret in (liar.key.as_pem(private=False), json.dumps(liar.key.as_dict(private=False))):
        code = secret.encode() if isinstance(secret, str) else secret
        signature = urlsafe_b64encode(hmac.digest(code, start.encode(), sha256)).rstrip(b"=")
        refused(product, f"{start}.{signature.decode()}")


def test_a_tampered_subject_breaks_the_signature(
    product: Product, liar: LyingProvider, signed: Signed, link: Link
) -> None:
    link(liar.issuer, "owner")
    header, _, signature = signed().split(".")
    said = liar.claims(None, sub="owner", aud=API, exp=int(time.time()) + 60)
    refused(product, f"{header}.{_part(said)}.{signature}")


def test_other_forms_are_never_sent_to_a_provider(
    product: Product, oidc_provider: OidcProvider
) -> None:
    for token in ("sbk_x", "sbs_x", "sbp_x", "e30.e30.e30", "eyJ.e30.x", "x" * 16_385):
        refused(product, token)


def _part(value: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
