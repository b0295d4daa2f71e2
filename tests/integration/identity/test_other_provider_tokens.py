"""Access tokens of the second real provider at our API: its dialect is met by settings alone."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from api.wiring import utc_now
from security.errors import Unauthenticated
from security.oauth.provider_tokens import ProviderTokens
from security.oauth.signed_tokens import unverified
from security.oidc.connection import Connection
from security.oidc.settings import OidcSettings, ProviderSettings
from security.principal import Role, Verb
from tests.integration.identity.glewlwyd import RESOURCES, SCOPES, Glewlwyd
from tests.integration.identity.liar import CLIENT
from tests.integration.identity.product import Product
from tests.integration.identity.provider import Client
from tests.integration.identity.test_api_tokens import API, refused, use

CALLBACK = "http://127.0.0.1:9/callback"  # of a program; nobody listens there


@pytest.fixture(scope="module")
def program(glewlwyd: Glewlwyd) -> Client:
    """Return somebody else's program that asks for tokens."""
    return glewlwyd.register(f"program-{uuid4().hex}", redirect_uri=[CALLBACK])


@pytest.fixture(scope="module")
def ida(glewlwyd: Glewlwyd) -> str:
    name = f"ida-{uuid4().hex}"
    glewlwyd.put_account(name, name="Ida Rhodes", groups=["staff"])
    return name


@pytest.fixture(scope="module")
def tokens(glewlwyd: Glewlwyd, program: Client, ida: str) -> dict[str, Any]:
    """Return what the program got for our API."""
    return glewlwyd.tokens(ida, program, CALLBACK, resource=API)


@pytest.fixture
def known(product: Product, glewlwyd: Glewlwyd, ida: str) -> None:
    """Let her sign in here once, so that she has an account."""
    browser = product.browser()
    with httpx.Client() as elsewhere:
        url = product.begin(browser, "other")
        back = glewlwyd.sign_in(elsewhere, url, ida, Client(CLIENT, ""))
    assert browser.get(back).status_code == 303


def _provider_tokens(
    http: httpx.Client, glewlwyd: Glewlwyd, client: Client, audience: str
) -> ProviderTokens:
    """Return our side with other settings: it introspects, as `client`."""
    settings = ProviderSettings(
        id="other",
        title="Other",
        issuer=glewlwyd.issuer,
        client_id=client.id,
        client_secret=SecretStr(client.secret),
        roles={"staff": Role.READER},
        api_audience=audience,
        api_introspection=True,
    )
    limits = OidcSettings(providers=(settings,))
    return ProviderTokens([Connection(settings, limits, http, utc_now)], limits, utc_now)


@pytest.mark.usefixtures("known")
def test_a_token_for_our_api_stands_for_its_person_within_its_scopes(
    product: Product, glewlwyd: Glewlwyd, program: Client, ida: str, tokens: dict[str, Any]
) -> None:
    user = use(product, tokens["access_token"]).raise_for_status().json()["user"]
    assert (user["name"], user["verbs"]) == ("Ida Rhodes", ["ask", "read"])
    less = glewlwyd.tokens(ida, program, CALLBACK, resource=API, scope="openid read")
    assert use(product, less["access_token"]).json()["user"]["verbs"] == ["read"]
    product.clock.advance(hours=2)
    refused(product, tokens["access_token"])


def test_somebody_who_has_no_account_here_is_refused(
    product: Product, glewlwyd: Glewlwyd, program: Client
) -> None:
    stranger = f"stranger-{uuid4().hex}"
    glewlwyd.put_account(stranger, name="Stranger", groups=["staff"])
    refused(product, glewlwyd.tokens(stranger, program, CALLBACK, resource=API)["access_token"])


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("asked", "audience"), [({}, SCOPES), ({"resource": RESOURCES[1]}, RESOURCES[1])]
)
def test_a_token_that_was_not_made_for_our_api_is_refused(
    product: Product,
    glewlwyd: Glewlwyd,
    program: Client,
    ida: str,
    asked: dict[str, str],
    audience: str,
) -> None:
    """Without a resource it names the scopes as the audience: they say nothing of whose API."""
    token = glewlwyd.tokens(ida, program, CALLBACK, **asked)["access_token"]
    assert unverified(token, 1)["aud"] == audience
    refused(product, token)


@pytest.mark.usefixtures("known")
def test_its_other_tokens_are_no_access_tokens(product: Product, tokens: dict[str, Any]) -> None:
    assert unverified(tokens["access_token"], 0)["typ"] == "at+jwt"
    assert unverified(tokens["id_token"], 0)["typ"] == "JWT"
    refused(product, tokens["id_token"])
    refused(product, tokens["refresh_token"])


def test_its_introspection_knows_our_tokens_too(
    glewlwyd: Glewlwyd, program: Client, tokens: dict[str, Any]
) -> None:
    with httpx.Client() as http:
        ours = _provider_tokens(http, glewlwyd, program, API)
        proven = ours.opaque(tokens["access_token"])
        assert (proven.issuer, proven.scopes) == (glewlwyd.issuer, {Verb.READ, Verb.ASK})
        assert proven.subject == unverified(tokens["access_token"], 1)["sub"]
        for kind in ("refresh_token", "id_token"):
            with pytest.raises(Unauthenticated):
                ours.opaque(tokens[kind])
