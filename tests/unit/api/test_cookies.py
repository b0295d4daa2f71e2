"""The session's cookie, behind TLS and on a loopback address."""

from collections.abc import Callable
from http.cookies import Morsel, SimpleCookie
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

SECURE = "__Host-sourcebook_session"
PLAIN = "sourcebook_session"

Browser = Callable[[str], TestClient]
SignIn = Callable[[TestClient], httpx.Response]


def _cookie(answer: httpx.Response) -> Morsel[str]:
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return morsel


def _assert_host_cookie(cookie: Morsel[str]) -> None:
    """A browser takes a `__Host-` cookie only like this (RFC 6265bis, section 4.1.3.2)."""
    assert cookie.key == SECURE
    assert cookie["secure"] is True
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "strict"


def test_behind_tls_the_cookie_is_bound_to_the_host(open_browser: Browser, sign_in: SignIn) -> None:
    client = open_browser("https://sourcebook.example")
    _assert_host_cookie(_cookie(sign_in(client)))
    assert client.get("/v1/session").status_code == 200


def test_signing_out_takes_a_cookie_away_that_browsers_give_back(
    open_browser: Browser, sign_in: SignIn
) -> None:
    client = open_browser("https://sourcebook.example")
    sign_in(client)
    ended = client.delete("/v1/session")
    _assert_host_cookie(_cookie(ended))
    assert _cookie(ended)["max-age"] == "0"
    assert client.get("/v1/session").status_code == 401


def test_behind_tls_a_cookie_that_any_subdomain_could_set_does_not_count(
    open_browser: Browser, sign_in: SignIn
) -> None:
    client = open_browser("https://sourcebook.example")
    secret = _cookie(sign_in(client)).value
    client.cookies.clear()
    client.cookies.set(PLAIN, secret)
    assert client.get("/v1/session").status_code == 401


@pytest.mark.parametrize("public_url", ["http://127.0.0.1:8000", "http://localhost:8000"])
def test_without_tls_the_cookie_has_no_secure_mark(
    open_browser: Browser, sign_in: SignIn, public_url: str
) -> None:
    cookie: Any = _cookie(sign_in(open_browser(public_url)))
    assert (cookie.key, cookie["secure"]) == (PLAIN, "")
