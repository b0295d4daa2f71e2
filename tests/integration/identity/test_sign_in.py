"""Signing in through a certified provider, and what ends a session that it started."""

import httpx
import pytest
from sqlalchemy import select

from security.oidc.tables import ProviderSession
from security.tables import Group, GroupMember, Identity, User
from tests.integration.identity.product import Product
from tests.integration.identity.provider import OidcProvider

COOKIE = "sourcebook_session"
PROVIDER = "company"


def sign_in(
    product: Product, provider: OidcProvider, account: str
) -> tuple[httpx.Client, httpx.Response]:
    """Sign in as a browser does, with another one for the provider's pages."""
    browser = product.browser(Accept="text/html")
    with httpx.Client() as elsewhere:
        url = product.begin(browser, PROVIDER, "/#/collections")
        return browser, browser.get(provider.sign_in(elsewhere, url, account))


def status(browser: httpx.Client) -> int:
    return browser.get("/v1/session").status_code


def verbs(browser: httpx.Client) -> list[str]:
    found: list[str] = browser.get("/v1/session").raise_for_status().json()["user"]["verbs"]
    return found


def test_a_person_of_the_company_gets_a_session_and_no_token(
    product: Product, oidc_provider: OidcProvider
) -> None:
    oidc_provider.put_account("ada", name="Ada Lovelace", groups=["staff", "others"])
    browser, answer = sign_in(product, oidc_provider, "ada")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{product.url}/#/collections"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    cookies = {cookie.name: cookie for cookie in browser.cookies.jar}
    assert set(cookies) == {COOKIE, "sourcebook_sign_in"}
    assert all("eyJ" not in (cookie.value or "") for cookie in cookies.values())
    marks = answer.headers["set-cookie"].lower()
    assert "httponly" in marks
    assert "samesite=strict" in marks
    view = browser.get("/v1/session").json()
    assert view["user"]["name"] == "Ada Lovelace"
    assert view["user"]["verbs"] == ["ask", "read"]
    assert view["sign_out_url"] == "v1/sign-in/company/sign-out"
    entry = product.entries(1)[0]
    user_id = view["user"]["id"]
    assert (entry.action, entry.actor, entry.outcome) == ("session.start", user_id, "success")
    assert entry.details["provider"] == PROVIDER
    with product.database.reading(product.state.tenant_id) as session:
        assert session.get_one(User, user_id).password_hash is None
        identity = (product.state.tenant_id, oidc_provider.issuer, "ada")
        assert session.get_one(Identity, identity).user_id == user_id


def test_a_second_sign_in_finds_the_same_account_and_ends_the_browser_s_old_session(
    product: Product, oidc_provider: OidcProvider
) -> None:
    oidc_provider.put_account("bea", name="Bea", groups=["staff"])
    browser, _ = sign_in(product, oidc_provider, "bea")
    first, secret = browser.get("/v1/session").json(), browser.cookies[COOKIE]
    with httpx.Client() as elsewhere:
        url = product.begin(browser, PROVIDER)
        browser.get(oidc_provider.sign_in(elsewhere, url, "bea"))
    assert browser.cookies[COOKIE] != secret
    assert browser.get("/v1/session").json() == first
    assert status(product.browser(Cookie=f"{COOKIE}={secret}")) == 401


def test_a_name_that_somebody_has_does_not_open_their_account(
    product: Product, oidc_provider: OidcProvider
) -> None:
    oidc_provider.put_account("eve", name="admin", email="admin@example.com", groups=["staff"])
    browser, _ = sign_in(product, oidc_provider, "eve")
    user = browser.get("/v1/session").json()["user"]
    assert user["name"] == "admin (Company)"
    assert "administer" not in user["verbs"]


@pytest.mark.parametrize("groups", [[], ["others"], ["*"], "sta", None])
def test_whom_the_settings_grant_nothing_gets_no_account(
    product: Product, oidc_provider: OidcProvider, groups: object
) -> None:
    oidc_provider.put_account("nobody", name="Nobody", groups=groups)
    browser, answer = sign_in(product, oidc_provider, "nobody")
    assert answer.headers["location"] == f"{product.url}/#/sign-in/not_admitted"
    assert COOKIE not in browser.cookies
    entry = product.entries(1)[0]
    assert (entry.action, entry.outcome) == ("session.start", "denied")
    assert entry.details["reason"] == "not_admitted"
    with product.database.reading(product.state.tenant_id) as session:
        assert session.scalar(select(User).where(User.name == "Nobody")) is None


def test_a_deactivated_account_is_let_in_no_more(
    product: Product, oidc_provider: OidcProvider
) -> None:
    oidc_provider.put_account("leo", name="Leo", groups=["staff"])
    sign_in(product, oidc_provider, "leo")
    with product.database.transaction(product.state.tenant_id) as session:
        user = session.scalars(select(User).where(User.name == "Leo")).one()
        user.deactivated_at = product.clock()
    _, answer = sign_in(product, oidc_provider, "leo")
    assert answer.headers["location"].endswith("/#/sign-in/not_admitted")


def test_the_provider_s_no_is_passed_on(product: Product, oidc_provider: OidcProvider) -> None:
    oidc_provider.remove_account("unknown")
    _, answer = sign_in(product, oidc_provider, "unknown")
    assert answer.headers["location"].endswith("/#/sign-in/provider_denied")
    assert product.entries(1)[0].details["reason"] == "provider_denied"


def test_rights_follow_the_groups_at_the_provider(
    product: Product, oidc_provider: OidcProvider
) -> None:
    oidc_provider.put_account("max", name="Max", groups=["chiefs", "writers"])
    browser, _ = sign_in(product, oidc_provider, "max")
    assert "administer" in verbs(browser)
    assert groups_of(product, "Max") == {"chiefs", "Writers"}
    oidc_provider.put_account("max", name="Max", groups=["staff"])
    assert "administer" in verbs(browser)  # not due yet
    product.clock.advance(minutes=5)
    assert verbs(browser) == ["ask", "read"]
    assert groups_of(product, "Max") == {"staff"}
    oidc_provider.put_account("max", name="Max", groups=[])
    product.clock.advance(minutes=5)
    assert status(browser) == 401
    assert groups_of(product, "Max") == set()
    assert product.entries(1)[0].details == {"reason": "not_admitted"}


def test_each_refresh_token_is_used_once(product: Product, oidc_provider: OidcProvider) -> None:
    oidc_provider.put_account("ida", name="Ida", groups=["staff"])
    browser, _ = sign_in(product, oidc_provider, "ida")
    seen = set()
    for _ in range(3):
        product.clock.advance(minutes=5)
        assert status(browser) == 200
        with product.database.reading(product.state.tenant_id) as session:
            seen.add(session.scalars(select(ProviderSession.sealed).filter_by(subject="ida")).one())
    assert len(seen) == 3
    assert not any(b"refresh" in sealed or b"ida" in sealed for sealed in seen)


def test_a_person_who_left_is_out_when_their_session_is_next_confirmed(
    product: Product, oidc_provider: OidcProvider
) -> None:
    oidc_provider.put_account("tom", name="Tom", groups=["staff"])
    browser, _ = sign_in(product, oidc_provider, "tom")
    oidc_provider.remove_account("tom")
    product.clock.advance(minutes=5)
    assert status(browser) == 401
    entry = product.entries(1)[0]
    assert (entry.action, entry.actor) == ("session.end", "provider:company")
    assert entry.details == {"reason": "refresh_refused"}


def test_signing_out_at_the_provider_ends_the_session_here(
    product: Product, oidc_provider: OidcProvider
) -> None:
    oidc_provider.put_account("pia", name="Pia", groups=["staff"])
    browser, other = product.browser(), product.browser()
    with httpx.Client() as elsewhere:
        browser.get(oidc_provider.sign_in(elsewhere, product.begin(browser, PROVIDER), "pia"))
        sign_out(product, browser, elsewhere)
        assert status(browser) == 401
    entry = product.entries(1)[0]
    assert (entry.action, entry.actor) == ("session.end", "provider:company")
    assert entry.details == {"reason": "provider_logout"}
    with httpx.Client() as again:  # another session of the same person stays
        other.get(oidc_provider.sign_in(again, product.begin(other, PROVIDER), "pia"))
    assert status(other) == 200


def sign_out(product: Product, browser: httpx.Client, elsewhere: httpx.Client) -> None:
    """Follow our redirect to the provider's sign-out and agree there, as a person does."""
    answer = browser.get("/v1/sign-in/company/sign-out")
    assert "id_token_hint" not in answer.headers["location"]
    page = elsewhere.get(answer.headers["location"])
    form = {"logout": "yes", "xsrf": page.text.split('name="xsrf" value="')[1].split('"')[0]}
    action = page.text.split('action="')[1].split('"')[0]
    ended = elsewhere.post(action, data=form)
    assert ended.headers["location"] == f"{product.url}/"


def groups_of(product: Product, name: str) -> set[str]:
    query = (
        select(Group.name)
        .join(GroupMember, GroupMember.group_id == Group.id)
        .join(User, User.id == GroupMember.user_id)
        .where(User.name == name)
    )
    with product.database.reading(product.state.tenant_id) as session:
        return set(session.scalars(query))
