"""Invariant 7: each route that changes something leaves exactly one leaf of the audit log.

A route that is new must get a step here, or a reason why it is counted otherwise.
"""

import sqlite3
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.app import create_app
from api.settings import Settings

SAFE = {"get", "head", "options"}
OTHERWISE = {
    "POST /v1/answers": "two changes: the question is stored before the answer is written",
    "DELETE /v1/collections/{collection_id}": "one for it and one for each document in it",
    "PUT /v1/session/password": "would end the sessions of the shared administrator",
    "POST /v1/documents/{document_id}/retry": "needs a document that failed",
    "POST /v1/documents/{document_id}/cancel": "needs a document that waits",
    "POST /v1/queue/retry": "one for each document that failed",
    "POST /v1/users/{user_id}/erasure": "several changes in a row, each with its entry",
    "POST /v1/search/facets": "changes nothing; its body keeps the filters out of addresses",
    "POST /v1/audit/verification": "changes nothing; verifying is on record",
    "POST /v1/sign-in/{provider}": "needs a provider, and starts what only the way back finishes",
    "POST /v1/sign-in/{provider}/back-channel-logout": "needs a provider",
    "PUT /v1/service-accounts/{account_id}/key": "needs a key pair; as the secret's",
    "POST /oauth2/token": "needs a program's secret",
}
OTHERWISE_FOLDERS = {"/scim/": "needs a directory's token"}


def _person() -> dict[str, str]:
    return {"name": f"p-{uuid4().hex}", "password": "a long password", "role": "reader"}


def _upload(admin: httpx.Client, known: dict[str, str]) -> httpx.Response:
    files = {"file": ("note.md", f"# Note\n\n{uuid4().hex}".encode())}
    return admin.post("/v1/documents", data={"collection": known["collection_id"]}, files=files)


# The guard of outgoing requests refuses it, so the worker does not look for it.
INTERNAL_SITE = {"kind": "web", "url": "http://127.0.0.1:9/"}

# In the order in which they can be done; `{…}` in a path is filled from what was made before.
STEPS: list[tuple[str, object, str | None]] = [
    ("POST /v1/users", _person, "user_id"),
    ("PUT /v1/users/{user_id}/password", {"password": "another long password"}, None),
    ("PUT /v1/users/{user_id}/role", {"role": "editor"}, None),
    ("DELETE /v1/users/{user_id}/role", None, None),
    ("POST /v1/groups", lambda: {"name": f"g-{uuid4().hex}"}, "group_id"),
    ("PUT /v1/groups/{group_id}", lambda: {"name": f"g-{uuid4().hex}"}, None),
    ("PUT /v1/groups/{group_id}/members/{user_id}", None, None),
    ("DELETE /v1/groups/{group_id}/members/{user_id}", None, None),
    ("PUT /v1/groups/{group_id}/role", {"role": "reader"}, None),
    ("DELETE /v1/groups/{group_id}/role", None, None),
    ("POST /v1/tokens", {"name": "t", "scopes": ["read"], "expires_in_days": 1}, "token_id"),
    ("DELETE /v1/tokens/{token_id}", None, None),
    ("POST /v1/collections", lambda: {"name": f"c-{uuid4().hex}"}, "collection_id"),
    ("PUT /v1/collections/{collection_id}/members/{user_id}", {"role": "reader"}, None),
    ("DELETE /v1/collections/{collection_id}/members/{user_id}", None, None),
    ("PUT /v1/collections/{collection_id}/groups/{group_id}", {"role": "reader"}, None),
    ("DELETE /v1/collections/{collection_id}/groups/{group_id}", None, None),
    ("POST /v1/documents", _upload, "document_id"),
    ("POST /v1/search", {"query": "note"}, None),
    ("PUT /v1/documents/{document_id}/tags", {"tags": ["Legal"]}, None),
    ("PUT /v1/documents/{document_id}/permissions", {"allow": ["role:reader"], "deny": []}, None),
    (
        "PUT /v1/collections/{collection_id}/permissions",
        {"allow": ["role:editor"], "deny": []},
        None,
    ),
    ("DELETE /v1/documents/{document_id}", None, None),
    ("POST /v1/collections/{collection_id}/sources", {"config": INTERNAL_SITE}, "source_id"),
    ("PATCH /v1/sources/{source_id}", {"interval_seconds": 600}, None),
    ("POST /v1/sources/{source_id}/sync", None, None),
    ("DELETE /v1/sources/{source_id}", None, None),
    (
        "POST /v1/service-accounts",
        lambda: {"name": f"s-{uuid4().hex}", "expires_in_days": 1},
        "account_id",
    ),
    ("POST /v1/service-accounts/{account_id}/secret", None, None),
    ("PUT /v1/service-accounts/{account_id}/role", {"role": "reader"}, None),
    ("DELETE /v1/service-accounts/{account_id}/role", None, None),
    ("DELETE /v1/service-accounts/{account_id}", None, None),
    ("DELETE /v1/groups/{group_id}", None, None),
    ("DELETE /v1/users/{user_id}", None, None),
]
# Their services write the entry; no test of this kind calls the routes themselves.
NOT_COUNTED = {
    "POST /v1/session": "below",
    "DELETE /v1/session": "below",
    "DELETE /v1/conversations/{conversation_id}": "tests/unit/qa/test_conversations.py",
    "PUT /v1/answers/{answer_id}/feedback": "tests/unit/qa/test_feedback.py",
    "POST /v1/scim-tokens": "tests/unit/api/test_scim.py",
    "DELETE /v1/scim-tokens/{token_id}": "tests/unit/api/test_scim.py",
    "POST /v1/evaluations": "tests of the kept evaluations",
    "DELETE /v1/evaluations/{evaluation_id}": "tests of the kept evaluations",
}


def leaves(data: Path) -> int:
    """Count what people did; parts of the system write meanwhile."""
    database = sqlite3.connect(data / "sourcebook.db")
    try:
        entries, tree = database.execute(
            "SELECT count(*), count(leaf_index) FROM audit_entries"
            " LEFT JOIN audit_leaves USING (sequence)"
            " WHERE outcome = 'success' AND actor NOT IN ('worker', 'operator')"
        ).fetchone()
    finally:
        database.close()
    assert entries == tree
    return int(tree)


def test_every_changing_route_is_counted_or_has_a_reason() -> None:
    app = create_app(Settings(), lambda _: None)  # type: ignore[arg-type, return-value]
    changing = {
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if method not in SAFE and not path.startswith(tuple(OTHERWISE_FOLDERS))
    }
    assert changing == {route for route, _, _ in STEPS} | OTHERWISE.keys() | NOT_COUNTED.keys()


def test_each_change_leaves_one_leaf(server: Any, admin: httpx.Client) -> None:
    known: dict[str, str] = {}
    counts = dict[str, int]()
    for route, body, makes in STEPS:
        method, path = route.split(" ")
        before = leaves(server.data)
        if body is _upload:
            response = _upload(admin, known)
        else:
            sent = body() if callable(body) else body
            response = admin.request(method, path.format_map(known), json=sent)
        assert response.is_success, (route, response.text)
        counts[route] = leaves(server.data) - before
        if makes:
            made = response.json()
            known[makes] = made["id"] if "id" in made else made["info"]["id"]
        if makes == "document_id":
            server.wait_for(admin, known[makes])
    assert counts == dict.fromkeys(counts, 1)


def test_what_is_refused_leaves_no_leaf_of_a_change(server: Any, admin: httpx.Client) -> None:
    before = leaves(server.data)
    taken = {"name": "admin", "password": "a long password", "role": "reader"}
    assert admin.post("/v1/users", json=taken).status_code == 409
    assert admin.delete(f"/v1/users/{'0' * 32}").status_code == 404
    assert admin.post("/v1/tokens", json={"name": "t", "scopes": []}).status_code == 422
    assert leaves(server.data) == before


@pytest.mark.parametrize("ends", [True, False])
def test_a_session_is_a_leaf_at_each_end(server: Any, someone, ends: bool) -> None:
    person = someone("reader")
    before = leaves(server.data)
    client = server.signed_in(person.name, person.password)
    assert leaves(server.data) == before + 1
    if ends:
        client.delete("/v1/session").raise_for_status()
        assert leaves(server.data) == before + 2
