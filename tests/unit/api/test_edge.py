"""What is refused before any route: foreign names, foreign pages, large and slow bodies."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.edge import Edge, RequestTooSlow, host_name
from api.settings import Settings

URL = "https://sourcebook.example"

Browser = Callable[[str], TestClient]
SignIn = Callable[[TestClient], Any]


@pytest.fixture
def client(open_browser: Browser, sign_in: SignIn) -> TestClient:
    browser = open_browser(URL)
    sign_in(browser)
    del browser.headers["origin"]
    return browser


# Origin, Sec-Fetch-Site, whether the request may change something.
PAGES = [
    (URL, "same-origin", True),
    (URL, None, True),
    (None, "same-origin", True),
    (None, "none", True),  # the address bar, an extension
    (None, None, False),
    (URL, "cross-site", False),
    (URL, "same-site", False),
    ("https://evil.example", None, False),
    ("https://evil.example", "same-origin", False),
    ("https://sub.sourcebook.example", "same-site", False),
    ("https://sourcebook.example.evil.example", None, False),
    ("https://sourcebook.example:8443", None, False),
    ("http://sourcebook.example", None, False),  # whoever is on the wire may be that page
    ("null", None, False),
    ("null", "cross-site", False),
    ("", "cross-site", False),
    (None, "Same-Origin", False),
]
CHANGES = [
    ("POST", "/v1/collections", {}),
    ("PUT", "/v1/session/password", {}),
    ("DELETE", "/v1/documents/none", None),
]


def test_only_our_own_page_changes_anything_with_a_cookie(client: TestClient) -> None:
    for method, path, body in CHANGES:
        for origin, site, allowed in PAGES:
            given = {"Origin": origin, "Sec-Fetch-Site": site}
            headers = {name: value for name, value in given.items() if value is not None}
            answer = client.request(method, path, headers=headers, json=body)
            foreign = answer.json()["code"] == "foreign_origin"
            assert foreign is not allowed, (method, origin, site)
            assert (answer.status_code == 403) is foreign


def test_another_site_may_not_even_ask_with_the_cookie(client: TestClient) -> None:
    asked = {"none": 200, "same-origin": 200, "same-site": 403, "cross-site": 403}
    for site, status in asked.items():
        assert client.get("/v1/session", headers={"Sec-Fetch-Site": site}).status_code == status
    assert client.get("/v1/session").status_code == 200


def test_another_site_cannot_sign_a_browser_in(open_browser: Browser) -> None:
    browser = open_browser(URL)
    form = {"name": "admin", "password": "x"}
    answer = browser.post("/v1/session", json=form, headers={"Origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


OUR_NAMES = [
    "sourcebook.example",
    "SOURCEBOOK.example",
    "sourcebook.example.",
    "sourcebook.example:443",
    "localhost:8000",
    "127.0.0.1:8000",
    "[::1]:8000",
    "10.1.2.3",  # a probe of the platform
]
FOREIGN_NAMES = [
    "evil.example",
    "sourcebook.example.evil.example",
    "evil.example#sourcebook.example",
    "sourcebook.example@evil.example",
    "localhost:port",
    "",
]


def test_requests_for_another_name_are_refused(client: TestClient) -> None:
    for host in OUR_NAMES:
        assert client.get("/healthz", headers={"Host": host}).status_code == 200, host
    for host in FOREIGN_NAMES:
        answer = client.get("/healthz", headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (421, "foreign_host"), host
        assert "SOURCEBOOK_HOSTS" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("a.test:1", "a.test"),
        ("[::1]:8", "::1"),
        ("a.test/x", None),
        ("a:b@c", None),
        ("a:x", None),
    ],
)
def test_a_host_header_is_a_name_and_a_port(header: str, name: str | None) -> None:
    assert host_name(header) == name


def test_every_response_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/healthz", "/v1/session", "/v1/nothing", "/docs", "/"):
        headers = client.get(path).headers
        assert headers["strict-transport-security"].startswith("max-age=")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
    foreign = client.get("/", headers={"Host": "evil.example"}).headers
    assert foreign["x-content-type-options"] == "nosniff"


def test_data_is_not_cached_and_runs_nothing_by_itself(client: TestClient) -> None:
    for path in ("/v1/session", "/v1/nothing", "/healthz"):
        headers = client.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert "sandbox" in headers["content-security-policy"]


def test_without_tls_no_browser_is_told_to_insist_on_it(open_browser: Browser) -> None:
    headers = open_browser("http://127.0.0.1:8000").get("/healthz").headers
    assert "strict-transport-security" not in headers


def test_a_large_body_is_refused_whatever_it_announces(client: TestClient) -> None:
    def pieces() -> Any:
        for _ in range(40):
            yield b" " * 65_536

    headers = {"Origin": URL, "Content-Type": "application/json"}
    for body in (b" " * 2_000_000, pieces()):
        answer = client.post("/v1/collections", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")


def test_a_client_that_falls_silent_is_given_up() -> None:
    pieces = [{"type": "http.request", "body": b"{", "more_body": True}]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await receive()

    async def receive() -> Any:
        if not pieces:
            await asyncio.Event().wait()
        return pieces.pop()

    async def send(message: Any) -> None:
        raise AssertionError

    edge = Edge(app, Settings(request_idle_seconds_max=0.01))
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"host", b"localhost")]}
    with pytest.raises(RequestTooSlow):
        asyncio.run(edge(scope, receive, send))


def test_an_answer_may_take_longer_than_a_silent_client() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await receive()  # as a stream does that watches for its reader to go away

    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await asyncio.sleep(0.05)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError

    edge = Edge(app, Settings(request_idle_seconds_max=0.01))
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"host", b"localhost")]}
    asyncio.run(edge(scope, receive, send))
