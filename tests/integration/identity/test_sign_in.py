"""Signing in through a certified provider, and what ends a session that it started."""

import httpx
from sqlalchemy import select

from security.oidc.tables import ProviderSession
from security.tables import User
from tests.integration.identity.product import Product
from tests.integration.identity.provider import OidcProvider

COOKIE = "sourcebook_session"


def sign_in(
    product: Product, provider: OidcProvider, account: str, browser: httpx.Client | None = None
) -> tuple[httpx.Client, httpx.Response]:
    """Sign in as a browser does, with another one for the provider's pages."""
    browser = browser or product.browser(Accept="text/html")
    url = product.begin(browser, "company", "/#/collections")
    with httpx.Client() as elsewhere:
        back = provider.sign_in(elsewhere, url, account)
    return browser, browser.get(back)


def test_a_person_of_the_company_gets_a_session_and_no_token(
    product: Product, oidc_provider: OidcProvider
) -> None:
    oidc_provider.put_account("ada", name="Ada Lovelace", groups=["staff", "writers", "others"])
    browser, answer = sign_in(product, oidc_provider, "ada")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{product.url}/#/collections"
    assert answer.headers["cache-control"] == "no-store"
    assert set(browser.cookies) == {COOKIE, "sourcebook_sign_in"}
    assert all("eyJ" not in cookie.value for cookie in browser.cookies.jar)
    view = browser.get("/v1/session").json()
    assert view["user"]["name"] == "Ada Lovelace"
    assert view["user"]["verbs"] == ["ask", "read"]
    assert view["sign_out_url"] == "v1/sign-in/company/sign-out"
    entry = product.entries(1)[0]
    assert (entry.action, entry.actor, entry.outcome) == (
        "session.start",
        view["user"]["id"],
        "success",
    )
    assert entry.details["provider"] == "company"
    with product.database.reading(product.state.tenant_id) as session:
        user = session.get_one(User, view["user"]["id"])
        assert user.password_hash is None
        rows = session.scalars(select(ProviderSession).where(ProviderSession.subject == "ada"))
        assert all(b"refresh" not in row.sealed for row in rows)
