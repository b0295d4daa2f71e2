"""Signing in through an identity provider, in a real browser with the real provider's pages."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import open_window
from tests.e2e.words import LANGUAGES
from tests.integration.identity.provider import OidcProvider
from tests.product import Server, free_port, serving


@pytest.fixture(scope="module")
def company(
    oidc_provider: OidcProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Run a product whose people come from a provider only."""
    folder, port = tmp_path_factory.mktemp("company"), free_port()
    url = f"http://127.0.0.1:{port}"
    here = f"{url}/v1/sign-in/company"
    client = oidc_provider.register(
        redirect_uris=[f"{here}/callback"],
        post_logout_redirect_uris=[f"{url}/"],
        backchannel_logout_uri=f"{here}/back-channel-logout",
        backchannel_logout_session_required=True,
    )
    provider = {
        "id": "company",
        "title": "Contoso",
        "issuer": oidc_provider.issuer,
        "client_id": client.id,
        "client_secret": client.secret,
        "scopes": ["openid", "profile", "groups"],
        "roles": {"staff": "reader"},
    }
    with serving(
        folder / "data",
        folder / "log",
        SOURCEBOOK_PORT=str(port),
        SOURCEBOOK_WORKERS="0",
        # Without documents no model is asked, so none is loaded.
        SOURCEBOOK_MODEL__BACKEND="openai",
        SOURCEBOOK_MODEL__SERVER__URL="http://127.0.0.1:9/v1",
        SOURCEBOOK_SECURITY__SESSIONS__PASSWORD_SIGN_IN="false",
        SOURCEBOOK_SECURITY__OUTBOUND__INTERNAL_ORIGINS=json.dumps([oidc_provider.issuer]),
        SOURCEBOOK_SECURITY__OIDC__PROVIDERS=json.dumps([provider]),
    ) as running:
        yield running


def sign_in_as(page: Page, account: str) -> None:
    page.get_by_test_id("sign-in-company").click()
    page.get_by_label("Account").fill(account)
    page.get_by_role("button", name="Sign in").click()


def agree_to_sign_out(page: Page) -> None:
    page.get_by_role("button", name="Yes, sign me out").click()


def no_token_is_in_the_browser(page: Page) -> bool:
    kept = page.evaluate(
        "JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])"
    )
    cookies = [cookie["value"] for cookie in page.context.cookies(page.url)]
    return not any("eyJ" in value for value in [kept, page.url, *cookies])


def test_a_person_signs_in_asks_and_is_signed_out_with_the_company(
    browser: Browser, company: Server, oidc_provider: OidcProvider
) -> None:
    oidc_provider.put_account("ada", name="Ada Lovelace", groups=["staff"])
    with open_window(browser, company, "en") as (desk, complaints):
        page = desk.page
        desk.go("#/search")
        expect(page.get_by_test_id("sign-in-company")).to_be_visible()
        expect(page.get_by_label(desk.words.password)).to_have_count(0)
        sign_in_as(page, "ada")
        expect(page.get_by_test_id("nav-search")).to_have_attribute("aria-current", "page")
        assert no_token_is_in_the_browser(page)
        desk.go("#/ask")
        desk.ask("How many days of leave do new employees get?")
        elsewhere = page.context.new_page()
        elsewhere.goto(f"{company.url}/v1/sign-in/company/sign-out")
        agree_to_sign_out(elsewhere)
        expect(elsewhere.get_by_test_id("sign-in-company")).to_be_visible()
        page.reload()  # the provider has told the server meanwhile
        sign_in_as(page, "ada")
        page.get_by_role("button", name=desk.words.sign_out).click()
        agree_to_sign_out(page)
        expect(page.get_by_test_id("sign-in-company")).to_be_visible()
    assert complaints.found == []


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_whom_nothing_is_granted_reads_why(
    browser: Browser, company: Server, oidc_provider: OidcProvider, language: str
) -> None:
    oidc_provider.put_account("bob", name="Bob", groups=[])
    with open_window(browser, company, language) as (desk, complaints):
        desk.go("")
        sign_in_as(desk.page, "bob")
        problem = desk.page.get_by_test_id("sign-in-problem")
        expect(problem).to_contain_text(desk.words.not_admitted)
    assert complaints.found == []
