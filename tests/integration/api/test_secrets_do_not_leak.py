"""Invariant 9: what people write and their secrets are nowhere but in encrypted storage."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

ENCODINGS = ("utf-8", "utf-16-le")


def _canary(kind: str) -> str:
    return f"canary{kind}{uuid4().hex}"


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()


def _places(folder: Path, words: list[str]) -> list[tuple[str, str]]:
    """Return which words stand readable in which file."""
    forms = {word: [word.encode(encoding) for encoding in ENCODINGS] for word in words}
    return [
        (name, word)
        for name, content in _files(folder)
        for word, wanted in forms.items()
        if any(form in content for form in wanted)
    ]


@pytest.mark.models
def test_a_session_of_use_leaves_no_readable_trace(
    server: Any, admin: httpx.Client, someone: Callable[..., Any]
) -> None:
    text, file, shelf, question, token_name = map(
        _canary, ("text", "file", "shelf", "question", "tokenname")
    )
    user = someone("owner")
    client = user.client
    created = client.post("/v1/collections", json={"name": shelf}).raise_for_status().json()
    document = server.ready(client, created["id"], f"{file}.txt", f"The code is {text}. {text}.")
    failing = server.upload(client, created["id"], f"{file}.pdf", b"%PDF-1.4\n" + text.encode())
    server.wait_for(client, failing.json()["id"])
    client.post("/v1/search", json={"query": f"{text} {question}"}).raise_for_status()
    asked = client.post("/v1/answers", json={"question": f"What is the code? {question}"})
    assert asked.status_code == 200
    program = server.with_token(["read"], client)
    token = program.headers["Authorization"].removeprefix("Bearer ")
    wanted = {"name": token_name, "scopes": ["read"], "expires_in_days": 1}
    client.post("/v1/tokens", json=wanted).raise_for_status()
    program.get(f"/v1/documents/{document}/content").raise_for_status()
    wrong = {"name": user.name, "password": _canary("wrong")}
    assert server.browser().post("/v1/session", json=wrong).status_code == 401
    session = client.cookies["sourcebook_session"]

    secrets = [text, file, shelf, question, user.password, wrong["password"], token, session]
    assert _places(server.data, secrets) == []
    log = server.log.read_text()
    metrics = admin.get("/metrics").text
    assert not [word for word in (*secrets, token_name, user.name) if word in log + metrics]
    # The search itself works: what is stored readable on purpose is found.
    assert "sourcebook.db" in {
        name.removesuffix("-wal") for name, _ in _places(server.data, [document])
    }
    assert "sourcebook_request_seconds" in metrics
    assert '"event": "request"' in log


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/session", {"name": "{c}", "password": "{c}"}),
        ("POST", "/v1/session", {"name": "{c}", "password": ["{c}"]}),
        ("POST", "/v1/search", {"query": ["{c}"]}),
        ("POST", "/v1/search", {"query": "x", "collections": ["{c}"]}),
        ("POST", "/v1/answers", {"question": "{c}", "conversation_id": "{c}"}),
        ("POST", "/v1/answers", {"question": "{c}" * 1000}),
        ("POST", "/v1/users", {"name": "{c}", "password": "{c}"[:8], "role": "{c}"}),
        ("POST", "/v1/tokens", {"name": "{c}", "scopes": ["{c}"], "expires_in_days": 1}),
        ("POST", "/v1/collections", {"name": "{c}" * 20}),
        ("PUT", "/v1/session/password", {"current": "{c}", "new": "{c}"}),
        ("GET", "/v1/documents?collection={c}", None),
        ("GET", "/v1/documents?cursor={c}", None),
        ("GET", "/v1/documents?limit={c}", None),
        ("GET", "/v1/documents/{c}", None),
        ("GET", "/v1/{c}", None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_problem_does_not_repeat_what_was_sent(
    someone: Callable[..., Any], method: str, path: str, body: Any
) -> None:
    word = _canary("echo")
    sent = _with(body, word)
    answer = someone("owner").client.request(method, path.replace("{c}", word), json=sent)
    assert answer.status_code >= 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert word[:8] not in answer.text


def _with(body: Any, word: str) -> Any:
    match body:
        case str():
            return body.replace("{c}", word)
        case list():
            return [_with(item, word) for item in body]
        case dict():
            return {_with(key, word): _with(value, word) for key, value in body.items()}
    return body
