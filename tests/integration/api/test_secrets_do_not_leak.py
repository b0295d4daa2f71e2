"""Invariant 9: what people write and their secrets are nowhere but in encrypted storage."""

import io
import zipfile
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


def _unreadable(word: str) -> dict[str, bytes]:
    """Return files that fail, each in a parser of its own, with the word in them."""
    inner = f'<w:p xmlns:w="x">{word}'.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", inner)
    mail = f"From: {word}@x.org\nTo: b@x.org\nSubject: {word}\nContent-Type: x; y=\n\n"
    return {
        ".docx": buffer.getvalue(),
        ".html": f"<html><p style='display:none'>{word}".encode(),
        ".exe": b"MZ\0\1" + word.encode(),
        ".eml": mail.encode(),
        ".csv": f'"{word}'.encode(),
    }


@pytest.mark.models
def test_a_session_of_use_leaves_no_readable_trace(
    server: Any, admin: httpx.Client, someone: Callable[..., Any]
) -> None:
    text, file, shelf, question, token_name, body = map(
        _canary, ("text", "file", "shelf", "question", "tokenname", "body")
    )
    user = someone("owner")
    client = user.client
    created = client.post("/v1/collections", json={"name": shelf}).raise_for_status().json()
    document = server.ready(client, created["id"], f"{file}.txt", f"The code is {text}. {text}.")
    failing = server.upload(client, created["id"], f"{file}.pdf", b"%PDF-1.4\n" + text.encode())
    server.wait_for(client, failing.json()["id"])
    for name, content in _unreadable(text).items():
        sent = server.upload(client, created["id"], f"{file}{name}", content)
        if sent.is_success:
            server.wait_for(client, sent.json()["id"])
        else:
            assert text not in sent.text
            assert file not in sent.text
    client.post("/v1/search", json={"query": f"{text} {question}"}).raise_for_status()
    asked = client.post("/v1/answers", json={"question": f"What is the code? {question}"})
    assert asked.status_code == 200
    kept = asked.json()["conversation_id"]
    client.get(f"/v1/conversations/{kept}").raise_for_status()
    with client.stream("POST", "/v1/answers", json={"question": question, "stream": True}) as read:
        next(read.iter_lines())  # and then the reader goes away
    broken = client.post("/v1/search", content=f'{{"query": "{body}'.encode())
    assert body not in broken.text
    program = server.with_token(["read"], client)
    token = program.headers["Authorization"].removeprefix("Bearer ")
    wanted = {"name": token_name, "scopes": ["read"], "expires_in_days": 1}
    client.post("/v1/tokens", json=wanted).raise_for_status()
    program.get(f"/v1/documents/{document}/content").raise_for_status()
    wrong = {"name": user.name, "password": _canary("wrong")}
    assert server.browser().post("/v1/session", json=wrong).status_code == 401
    session = client.cookies["sourcebook_session"]

    secrets = [text, file, shelf, question, body, user.password, wrong["password"], token, session]
    # Database, files, job state, keys, the log and what was put into temporary folders.
    assert _places(server.data.parent, secrets) == []
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
