"""Logout tokens: the sessions that they name end, and nothing else counts as one."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.integration.identity.liar import LyingProvider
from tests.integration.identity.product import Product
from tests.integration.identity.test_confirmation import sign_in, status

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def send(product: Product, token: str) -> httpx.Response:
    path = f"{product.url}/v1/sign-in/liar/back-channel-logout"
    return httpx.post(path, data={"logout_token": token})


def two_sessions(product: Product, liar: LyingProvider) -> tuple[httpx.Client, httpx.Client]:
    one, other = product.browser(), product.browser()
    sign_in(product, liar, one, sid="first")
    sign_in(product, liar, other, sid="second")
    return one, other


def test_by_session_one_ends_and_by_subject_all(product: Product, liar: LyingProvider) -> None:
    one, other = two_sessions(product, liar)
    answer = send(product, liar.signed(liar.logout_claims(sid="first")))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (status(one), status(other)) == (401, 200)
    send(product, liar.signed(liar.logout_claims(sub="nobody")))
    assert status(other) == 200
    send(product, liar.signed(liar.logout_claims(), typ="logout+jwt"))
    assert status(other) == 401


def test_a_token_counts_once(product: Product, liar: LyingProvider) -> None:
    token = liar.signed(liar.logout_claims())
    assert send(product, token).status_code == 200
    browser = product.browser()
    sign_in(product, liar, browser)
    assert send(product, token).status_code == 400
    assert status(browser) == 200


def claims(**changed: Any) -> Callable[[LyingProvider], str]:
    return lambda liar: liar.signed(liar.logout_claims(**changed))


def foreign(liar: LyingProvider) -> str:
    header = {"alg": "RS256", "kid": liar.key.kid}
    return jwt.encode(header, liar.logout_claims(), RSAKey.generate_key(2048), ["RS256"])


TOKENS: dict[str, Callable[[LyingProvider], str]] = {
    "of somebody else": foreign,
    "no token": lambda liar: "x",
    "an ID token": lambda liar: liar.signed(liar.claims(None, jti="j")),
    "an access token": lambda liar: liar.signed(liar.logout_claims(), typ="at+jwt"),
    "with a nonce": claims(nonce="n"),
    "for another client": claims(aud="other"),
    "from another issuer": claims(iss="https://other.example"),
    "without events": claims(events=None),
    "of another event": claims(events={"http://schemas.openid.net/event/other": {}}),
    "with a list of events": claims(events=[EVENT]),
    "with an event that is no object": claims(events={EVENT: "now"}),
    "without an id": claims(jti=None),
    "of nobody": claims(sub=None),
    "of a number": claims(sub=7),
    "expired": claims(exp=int(time.time()) - 60),
    "old": claims(iat=int(time.time()) - 600),
}


@pytest.mark.parametrize("case", TOKENS)
def test_what_is_no_logout_token_ends_nothing(
    product: Product, liar: LyingProvider, case: str
) -> None:
    browser = product.browser()
    sign_in(product, liar, browser)
    answer = send(product, TOKENS[case](liar))
    assert (answer.status_code, answer.json()["code"]) == (400, "logout_token_refused")
    assert status(browser) == 200
    entry = product.entries(1)[0]
    assert (entry.action, entry.actor, entry.outcome) == ("session.end", "provider:liar", "failure")
