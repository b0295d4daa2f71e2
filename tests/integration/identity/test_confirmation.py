"""Sessions that must be confirmed by a provider which rotates keys, fails, or changes its mind."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from tests.integration.identity.liar import LyingProvider
from tests.integration.identity.product import Product

PROVIDER = "liar"


def sign_in(
    product: Product, liar: LyingProvider, browser: httpx.Client, **claims: Any
) -> httpx.Response:
    asked = parse_qs(urlsplit(product.begin(browser, PROVIDER)).query)
    liar.tokens |= {"id_token": liar.signed(liar.claims(asked["nonce"][0], **claims))}
    query = urlencode({"code": "any", "iss": liar.issuer, "state": asked["state"][0]})
    return browser.get(f"/v1/sign-in/{PROVIDER}/callback?{query}")


def status(browser: httpx.Client) -> int:
    return browser.get("/v1/session").status_code


@pytest.fixture
def signed_in(product: Product, liar: LyingProvider) -> httpx.Client:
    browser = product.browser()
    liar.tokens = {"refresh_token": "r"}
    assert sign_in(product, liar, browser).status_code == 303
    liar.tokens = {"refresh_token": "r2", "id_token": liar.signed(liar.claims(None))}
    return browser


def last_reason(product: Product) -> object:
    entry = product.entries(1)[0]
    assert (entry.action, entry.actor) == ("session.end", "provider:liar")
    return entry.details["reason"]


def test_a_new_key_is_looked_for_once_in_a_while(product: Product, liar: LyingProvider) -> None:
    browser = product.browser()
    assert sign_in(product, liar, browser).status_code == 303
    honest, liar.key = liar.key, RSAKey.generate_key(2048, {"kid": "two", "alg": "RS256"})
    try:
        product.clock.advance(minutes=1)
        before = liar.asked.count("/jwks")
        assert sign_in(product, liar, browser).status_code == 401  # not published
        assert sign_in(product, liar, browser).status_code == 401
        assert liar.asked.count("/jwks") == before + 1
        liar.published = [honest, liar.key]
        assert sign_in(product, liar, browser).status_code == 401  # not looked for so soon
        product.clock.advance(minutes=1)
        assert sign_in(product, liar, browser).status_code == 303
    finally:
        liar.key = honest
    product.clock.advance(minutes=1)
    liar.published = [honest]


def test_one_of_many_requests_asks_the_provider(
    product: Product, liar: LyingProvider, signed_in: httpx.Client
) -> None:
    product.clock.advance(minutes=5)
    before = liar.asked.count("/token")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: status(signed_in), range(8)))
    assert found == [200] * 8
    assert liar.asked.count("/token") == before + 1


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"sub": "another"}, "sign_in_not_proven"),
        ({"nonce": "another"}, "sign_in_not_proven"),
        ({"iss": "https://other.example"}, "sign_in_not_proven"),
        ({"groups": ["others"]}, "not_admitted"),
    ],
)
def test_an_answer_about_somebody_else_ends_the_session(
    product: Product,
    liar: LyingProvider,
    signed_in: httpx.Client,
    claims: dict[str, Any],
    reason: str,
) -> None:
    liar.tokens["id_token"] = liar.signed(liar.claims(None, **claims))
    product.clock.advance(minutes=5)
    assert status(signed_in) == 401
    assert last_reason(product) == reason


def test_a_refresh_token_that_was_used_elsewhere_ends_the_session(
    product: Product, liar: LyingProvider, signed_in: httpx.Client
) -> None:
    liar.tokens_status, liar.tokens = 400, {"error": "invalid_grant"}
    product.clock.advance(minutes=5)
    assert status(signed_in) == 401
    assert last_reason(product) == "refresh_refused"


def test_a_provider_that_fails_ends_a_session_only_in_the_long_run(
    product: Product, liar: LyingProvider, signed_in: httpx.Client
) -> None:
    liar.tokens_status = 503
    product.clock.advance(minutes=5)
    assert status(signed_in) == 200
    product.clock.advance(hours=9, minutes=54)
    assert status(signed_in) == 200
    product.clock.advance(minutes=2)
    assert status(signed_in) == 401
    assert last_reason(product) == "unconfirmed"


def test_a_session_that_cannot_be_confirmed_ends(product: Product, liar: LyingProvider) -> None:
    browser = product.browser()
    sign_in(product, liar, browser)
    for _ in range(2):
        product.clock.advance(hours=4, minutes=55)
        assert status(browser) == 200
    product.clock.advance(minutes=10)
    assert status(browser) == 401
    assert last_reason(product) == "unconfirmed"
