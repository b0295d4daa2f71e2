"""Personal access tokens: their scopes, their lifetime, their end."""

from collections.abc import Callable, Iterable
from typing import Any

import httpx
import pytest

WANTED = {"name": "my program", "scopes": ["read"], "expires_in_days": 30}


def _create(client: httpx.Client, **changes: object) -> httpx.Response:
    return client.post("/v1/tokens", json=WANTED | changes)


def test_a_token_is_shown_once(someone: Callable[..., Any]) -> None:
    client = someone("reader").client
    created = _create(client)
    assert created.status_code == 201
    token = created.json()["token"]
    assert token.startswith("sbk_")
    listed = client.get("/v1/tokens")
    assert [item["name"] for item in listed.json()["items"]] == ["my program"]
    assert token not in listed.text


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_in_days": 0},
        {"expires_in_days": -1},
        {"expires_in_days": 366},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"name": ""},
        {"owner": "someone else"},
    ],
    ids=str,
)
def test_what_a_token_cannot_be(someone: Callable[..., Any], changes: dict[str, object]) -> None:
    client = someone("reader").client
    answer = _create(client, **changes)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/v1/tokens").json()["items"] == []


def test_a_revoked_token_fails_on_the_next_request(
    server: Any, someone: Callable[..., Any]
) -> None:
    client = someone("reader").client
    program = server.with_token(["read"], client)
    assert program.get("/v1/collections").status_code == 200
    key = client.get("/v1/tokens").json()["items"][0]["id"]
    assert client.delete(f"/v1/tokens/{key}").status_code == 204
    answer = program.get("/v1/collections")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="sourcebook", error="invalid_token"'


def test_only_its_owner_can_revoke_a_token(someone: Callable[..., Any]) -> None:
    owner, other = someone("reader").client, someone("owner").client
    key = _create(owner).json()["id"]
    assert other.delete(f"/v1/tokens/{key}").status_code == 404
    assert len(owner.get("/v1/tokens").json()["items"]) == 1


@pytest.mark.parametrize("wrong", ["sbk_", "sbk_wrong", "not a token", "sbk_ü"])
def test_a_made_up_token_is_refused(server: Any, wrong: str) -> None:
    headers = {"Authorization": f"Bearer {wrong}".encode()}
    answer = httpx.get(f"{server.url}/v1/collections", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def _requests(library: Any) -> dict[str, tuple[str, str, dict[str, object] | None]]:
    """Return a request for each scope that is needed, which the owner of `library` may make."""
    document = f"/v1/documents/{library.document}"
    return {
        "read": ("GET", document, None),
        "ask": ("POST", "/v1/answers", {"question": "Why?", "collections": []}),
        "upload": ("POST", f"{document}/retry", None),
        "edit": ("POST", "/v1/collections", {"name": f"of {library.document}"}),
        "share": ("GET", f"/v1/collections/{library.collection}/members", None),
        "administer": ("GET", "/v1/users", None),
    }


def _allowed(program: httpx.Client, requests: Iterable[tuple[str, str, Any]]) -> list[bool]:
    answers = [program.request(method, path, json=body) for method, path, body in requests]
    assert {answer.status_code for answer in answers} <= {200, 201, 204, 403, 404, 409}
    return [answer.status_code not in {403, 404} for answer in answers]


@pytest.mark.parametrize("scope", ["read", "ask", "upload", "edit", "share", "administer"])
def test_a_token_may_do_what_its_scopes_say_and_nothing_else(
    server: Any, admin: httpx.Client, library: Any, scope: str
) -> None:
    requests = _requests(library)
    program = server.with_token([scope], admin)
    others = [request for name, request in requests.items() if name != scope]
    assert not any(_allowed(program, others))
    with_reading = server.with_token(["read", scope], admin)
    assert _allowed(with_reading, [requests[scope]]) == [True]


def test_every_scope_together_still_gives_no_more_than_the_owner_has(
    server: Any, someone: Callable[..., Any], library: Any
) -> None:
    scopes = ["read", "ask", "upload", "edit", "share", "administer", "audit"]
    program = server.with_token(scopes, someone("reader").client)
    requests = _requests(library)
    allowed = zip(requests, _allowed(program, requests.values()), strict=True)
    assert [name for name, may in allowed if may] == ["read", "ask"]


def test_conversations_need_the_scope_to_ask(server: Any, someone: Callable[..., Any]) -> None:
    client = someone("reader").client
    asked = client.post("/v1/answers", json={"question": "Anything?", "collections": []}).json()
    path = f"/v1/conversations/{asked['conversation_id']}"
    for scope in ("read", "upload", "edit"):
        program = server.with_token([scope], client)
        assert program.get("/v1/conversations").status_code == 403
        assert program.get(path).status_code == 403
        assert program.delete(path).status_code == 403
    asking = server.with_token(["ask"], client)
    assert asking.get(path).status_code == 200
    assert len(asking.get("/v1/conversations").json()["items"]) == 1
    assert asking.delete(path).status_code == 204


def test_a_token_cannot_make_another_or_become_a_session(
    server: Any, someone: Callable[..., Any]
) -> None:
    known = someone("owner")
    scopes = ["read", "ask", "upload", "edit", "share", "administer", "audit"]
    program = server.with_token(scopes, known.client)
    assert _create(program).status_code == 403
    change = {"current": known.password, "new": "a quite different password"}
    assert program.put("/v1/session/password", json=change).status_code == 403


def test_a_token_that_only_uploads_is_enough_for_a_scanner(
    server: Any, admin: httpx.Client, collection: str
) -> None:
    scanner = server.with_token(["upload"], admin)
    uploaded = server.upload(scanner, collection, "scan.txt", b"some text")
    assert uploaded.status_code == 202
    assert scanner.get(f"/v1/documents/{uploaded.json()['id']}").status_code == 403
    reader = server.with_token(["read"], admin)
    assert server.upload(reader, collection, "other.txt", b"more text").status_code == 403
