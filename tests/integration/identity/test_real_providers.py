"""What two real providers do differently, and what they refuse on our behalf."""

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from sqlalchemy import select

from security.oidc.tables import ProviderSession
from security.places import Place
from tests.integration.identity.glewlwyd import Glewlwyd
from tests.integration.identity.liar import CLIENT
from tests.integration.identity.product import Product
from tests.integration.identity.provider import Client, OidcProvider
from tests.integration.identity.test_sign_in import sign_in, status


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def come_back(browser: httpx.Client, provider: str, **answer: str) -> httpx.Response:
    return browser.get(f"/v1/sign-in/{provider}/callback?{urlencode(answer)}")


@pytest.fixture(scope="module")
def grace(glewlwyd: Glewlwyd) -> str:
    glewlwyd.put_account("grace", name="Grace Hopper", groups=["staff", "others"])
    return "grace"


def test_the_other_provider_s_dialect_is_understood(
    product: Product, glewlwyd: Glewlwyd, grace: str
) -> None:
    """No `iss` in the answer, claims in the ID token, and none when it is refreshed."""
    browser = product.browser()
    with httpx.Client() as elsewhere:
        url = product.begin(browser, "other")
        back = glewlwyd.sign_in(elsewhere, url, grace, Client(CLIENT, ""))
    assert "iss" not in query_of(back)
    assert browser.get(back).status_code == 303
    user = browser.get("/v1/session").json()["user"]
    assert (user["name"], user["verbs"]) == ("Grace Hopper", ["ask", "read"])
    for _ in range(2):
        product.clock.advance(minutes=5)
        assert browser.get("/v1/session").json()["user"] == user


@pytest.mark.parametrize(
    "changed",
    [
        {"code_challenge": "", "code_challenge_method": ""},
        {"code_challenge_method": "plain"},
        {"redirect_uri": "https://evil.example/callback"},
    ],
    ids=["no PKCE", "plain PKCE", "another address"],
)
def test_both_refuse_a_weaker_request(
    product: Product, oidc_provider: OidcProvider, glewlwyd: Glewlwyd, changed: dict[str, str]
) -> None:
    for provider in ("company", "other"):
        url = product.begin(product.browser(), provider)
        wanted = {name: value for name, value in {**query_of(url), **changed}.items() if value}
        with httpx.Client() as elsewhere:
            answer = elsewhere.get(f"{url.partition('?')[0]}?{urlencode(wanted)}&g_continue")
        location = answer.headers.get("location", "")
        assert "code=" not in location
        assert answer.status_code in {400, 403} or "error=invalid_request" in location


def test_a_code_counts_once_and_only_for_the_sign_in_that_asked(
    product: Product, oidc_provider: OidcProvider
) -> None:
    oidc_provider.put_account("zoe", name="Zoe", groups=["staff"])
    with httpx.Client() as elsewhere:
        asked = product.begin(attacker := product.browser(), "company")
        stolen = query_of(oidc_provider.sign_in(elsewhere, asked, "zoe"))
    victim = product.browser()
    own = query_of(product.begin(victim, "company"))
    injected = come_back(victim, "company", **{**stolen, "state": own["state"]})
    assert (injected.status_code, injected.json()["code"]) == (401, "sign_in_not_proven")
    late = come_back(attacker, "company", **stolen)  # its verifier was right, but it was tried
    assert late.status_code in {303, 401}
    again = query_of(product.begin(attacker, "company"))
    replayed = come_back(attacker, "company", **{**stolen, "state": again["state"]})
    assert (replayed.status_code, replayed.json()["code"]) == (401, "sign_in_not_proven")


def test_a_stolen_refresh_token_ends_the_session_when_it_is_used(
    product: Product, oidc_provider: OidcProvider
) -> None:
    oidc_provider.put_account("kim", name="Kim", groups=["staff"])
    browser, _ = sign_in(product, oidc_provider, "kim")
    stolen, client = refresh_token_of(product, "kim"), company_client(product)
    form = {"grant_type": "refresh_token", "refresh_token": stolen}
    used = httpx.post(oidc_provider.metadata["token_endpoint"], data=form, auth=client)
    assert used.status_code == 200
    product.clock.advance(minutes=5)
    assert status(browser) == 401
    assert product.entries(1)[0].details == {"reason": "refresh_refused"}


def company_client(product: Product) -> tuple[str, str]:
    company = product.state.oidc.providers[0]
    return company.client_id, company.client_secret.get_secret_value()


def refresh_token_of(product: Product, subject: str) -> str:
    """Open what is stored, as only the server can."""
    tenant_id = product.state.tenant_id
    with product.database.reading(tenant_id) as session:
        row = session.scalars(select(ProviderSession).filter_by(subject=subject)).one()
        fields = product.state.keyring.tenant(session, tenant_id).fields
        opened = json.loads(fields.open(Place("provider_sessions", row.id, "sealed"), row.sealed))
    return str(opened[0])
