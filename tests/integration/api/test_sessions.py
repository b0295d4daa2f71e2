"""Signing in and out with a browser, and requests that other sites' pages would make."""

from collections.abc import Callable
from http.cookies import Morsel, SimpleCookie
from typing import Any
from uuid import uuid4

import httpx
import pytest

COOKIE = "sourcebook_session"


def _sign_in(client: httpx.Client, name: str, password: str) -> httpx.Response:
    return client.post("/v1/session", json={"name": name, "password": password})


def _session_cookie(answer: httpx.Response) -> Morsel[str]:
    return SimpleCookie(answer.headers["set-cookie"])[COOKIE]


def test_signing_in_says_who_and_gives_a_cookie_that_scripts_cannot_read(
    server: Any, someone: Callable[..., Any]
) -> None:
    known = someone("editor")
    answer = _sign_in(server.browser(), known.name, known.password)
    assert answer.json()["user"] == {
        "id": known.id,
        "name": known.name,
        "role": "editor",
        "verbs": ["ask", "edit", "read", "upload"],
    }
    cookie = _session_cookie(answer)
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "strict"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert not cookie["secure"]  # a loopback address has no TLS


def test_a_session_is_nobody_s_until_sign_in_and_after_sign_out(
    server: Any, someone: Callable[..., Any]
) -> None:
    known, browser = someone(), server.browser()
    assert browser.get("/v1/session").status_code == 401
    _sign_in(browser, known.name, known.password)
    assert browser.get("/v1/session").json()["user"]["id"] == known.id
    secret = browser.cookies[COOKIE]
    assert browser.delete("/v1/session").status_code == 204
    assert COOKIE not in browser.cookies
    again = server.browser()
    again.cookies.set(COOKIE, secret)
    assert again.get("/v1/session").status_code == 401


def test_an_unknown_name_and_a_wrong_password_look_the_same(
    server: Any, someone: Callable[..., Any]
) -> None:
    known = someone()
    wrong = _sign_in(server.browser(), known.name, "not the right password")
    unknown = _sign_in(server.browser(), f"nobody-{uuid4().hex}", "not the right password")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json()["code"] == "invalid_credentials"
    assert wrong.content == unknown.content
    assert "set-cookie" not in wrong.headers


def test_many_failures_pause_a_name_even_for_the_right_password(
    server: Any, someone: Callable[..., Any]
) -> None:
    known, browser = someone(), server.browser()
    for _ in range(10):
        assert _sign_in(browser, known.name, "not the right password").status_code == 401
    paused = _sign_in(browser, known.name, known.password)
    assert (paused.status_code, paused.json()["code"]) == (429, "too_many_attempts")
    assert 0 < int(paused.headers["retry-after"]) <= 15 * 60


def test_a_new_password_ends_the_other_sessions(server: Any, someone: Callable[..., Any]) -> None:
    known = someone()
    other = server.signed_in(known.name, known.password)
    change = {"current": known.password, "new": "a quite different password"}
    assert known.client.put("/v1/session/password", json=change).status_code == 204
    assert known.client.get("/v1/session").status_code == 200
    assert other.get("/v1/session").status_code == 401
    assert _sign_in(server.browser(), known.name, known.password).status_code == 401
    assert _sign_in(server.browser(), known.name, change["new"]).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
    ids=["foreign origin", "opaque origin", "cross-site", "same-site", "neither"],
)
def test_a_cookie_does_not_count_for_another_site_s_page(
    server: Any, someone: Callable[..., Any], headers: dict[str, str]
) -> None:
    known = someone("editor")
    cookie = {COOKIE: known.client.cookies[COOKIE]}
    with httpx.Client(base_url=server.url, cookies=cookie, headers=headers) as stranger:
        name = uuid4().hex
        answer = stranger.post("/v1/collections", json={"name": name})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
        # Reading changes nothing; still, what a browser says another site asks for is refused.
        read = 403 if "Sec-Fetch-Site" in headers else 200
        assert stranger.get("/v1/session").status_code == read
    collections = known.client.get("/v1/collections").json()["items"]
    assert name not in {collection["name"] for collection in collections}


def test_another_site_cannot_sign_a_browser_in(server: Any, someone: Callable[..., Any]) -> None:
    known = someone()
    with httpx.Client(base_url=server.url, headers={"Origin": "https://other.example"}) as page:
        answer = _sign_in(page, known.name, known.password)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


def test_a_browser_without_origin_header_may_say_same_origin(
    server: Any, someone: Callable[..., Any]
) -> None:
    known = someone("editor")
    cookie = {COOKIE: known.client.cookies[COOKIE]}
    headers = {"Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=server.url, cookies=cookie, headers=headers) as own_page:
        answer = own_page.post("/v1/collections", json={"name": uuid4().hex})
    assert answer.status_code == 201


def test_a_token_may_come_from_anywhere(server: Any, someone: Callable[..., Any]) -> None:
    program = server.with_token(["edit", "read"], someone("editor").client)
    headers = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    answer = program.post("/v1/collections", json={"name": uuid4().hex}, headers=headers)
    assert answer.status_code == 201
