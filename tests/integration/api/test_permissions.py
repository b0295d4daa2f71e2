"""Permissions of documents over HTTP: shared with one, closed to another, gone at once."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

FACT = "The canteen of the Reykjavik office closes at 14:30 on Fridays."
WORDS = {"query": "when does the canteen in Reykjavik close", "limit": 50}


def _path(document: str) -> str:
    return f"/v1/documents/{document}/permissions"


def _set(client: httpx.Client, document: str, **lists: list[str]) -> httpx.Response:
    return client.put(_path(document), json={"allow": [], "deny": []} | lists)


def _sees(client: httpx.Client, document: str) -> bool:
    shown = client.get(f"/v1/documents/{document}")
    listed = client.get("/v1/documents").json()["items"]
    hits = client.post("/v1/search", json=WORDS).json()["hits"]
    ways = {
        shown.status_code == 200,
        document in [item["id"] for item in listed],
        document in [hit["document_id"] for hit in hits],
    }
    assert len(ways) == 1
    return ways.pop()


@pytest.fixture(scope="module")
def canteen(server: Any, admin: httpx.Client) -> tuple[str, str]:
    """Return a collection and the document in it."""
    name = {"name": f"c {uuid4().hex}"}
    collection = admin.post("/v1/collections", json=name).json()["id"]
    return collection, server.ready(admin, collection, "canteen.txt", FACT)


@pytest.fixture
def document(admin: httpx.Client, canteen: tuple[str, str]) -> str:
    """Return the document as open as its collection."""
    collection, document = canteen
    _set(admin, document, allow=[f"collection:{collection}"]).raise_for_status()
    return document


def test_a_document_follows_its_collection_at_first(
    admin: httpx.Client, canteen: tuple[str, str], document: str
) -> None:
    assert admin.get(_path(document)).json() == {
        "allow": [{"principal": f"collection:{canteen[0]}", "name": None}],
        "deny": [],
        "inherits": True,
    }


def test_it_is_shared_with_somebody_and_closed_again(
    admin: httpx.Client, someone: Callable[..., Any], document: str, canteen: tuple[str, str]
) -> None:
    known, own = someone(), f"collection:{canteen[0]}"
    assert not _sees(known.client, document)
    view = _set(admin, document, allow=[own, f"user:{known.id}"]).json()
    assert {"principal": f"user:{known.id}", "name": known.name} in view["allow"]
    assert _sees(known.client, document)
    assert known.client.get(_path(document)).status_code == 403
    assert known.client.delete(f"/v1/documents/{document}").status_code == 403
    assert known.client.get("/v1/collections").json()["items"] == []
    shared = known.client.get("/v1/documents", params={"shared": True}).json()
    assert [item["id"] for item in shared["items"]] == [document]
    assert admin.get("/v1/documents", params={"shared": True}).json()["total"] == 0
    _set(admin, document, allow=[own])
    assert not _sees(known.client, document)


def test_who_is_denied_is_told_that_there_is_nothing(
    admin: httpx.Client, someone: Callable[..., Any], document: str, canteen: tuple[str, str]
) -> None:
    collection = canteen[0]
    known = someone(member={collection: "owner"})
    group = admin.post("/v1/groups", json={"name": uuid4().hex}).json()["id"]
    admin.put(f"/v1/groups/{group}/members/{known.id}").raise_for_status()
    assert _sees(known.client, document)
    for denied in (f"user:{known.id}", f"group:{group}", "role:owner"):
        _set(admin, document, allow=[f"collection:{collection}"], deny=[denied])
        assert not _sees(known.client, document)
        for attempt in (
            known.client.get(_path(document)),
            _set(known.client, document, allow=[f"user:{known.id}"]),
            known.client.delete(f"/v1/documents/{document}"),
        ):
            assert attempt.status_code == 404
        assert _sees(admin, document)
    (own,) = [
        item
        for item in known.client.get("/v1/collections").json()["items"]
        if item["id"] == collection
    ]
    assert own["document_count"] == 0


def test_a_group_that_documents_are_closed_to_cannot_be_deleted(
    admin: httpx.Client, document: str, canteen: tuple[str, str]
) -> None:
    group = admin.post("/v1/groups", json={"name": uuid4().hex}).json()["id"]
    own = f"collection:{canteen[0]}"
    _set(admin, document, allow=[own], deny=[f"group:{group}"])
    refused = admin.delete(f"/v1/groups/{group}")
    assert (refused.status_code, refused.json()["code"]) == (409, "group_denied")
    _set(admin, document, allow=[own, f"group:{group}"])
    assert admin.delete(f"/v1/groups/{group}").status_code == 204
    entries = admin.get(_path(document)).json()["allow"]
    assert {"principal": f"group:{group}", "name": None} in entries
    # What is there already may stay, though nobody is called so any more.
    assert _set(admin, document, allow=[own, f"group:{group}"]).status_code == 200


def test_an_owner_of_the_collection_cannot_lock_themselves_out(
    someone: Callable[..., Any], document: str, canteen: tuple[str, str]
) -> None:
    own = f"collection:{canteen[0]}"
    known = someone(member={canteen[0]: "owner"})
    for lists in ({}, {"allow": [own], "deny": ["role:owner"]}, {"allow": ["role:editor"]}):
        refused = _set(known.client, document, **lists)
        assert (refused.status_code, refused.json()["code"]) == (409, "locked_out")
    assert _set(known.client, document, allow=["role:owner"]).status_code == 200


@pytest.mark.parametrize(
    "lists",
    [
        {"allow": ["user:unknown"]},
        {"allow": [f"user:{'0' * 32}"]},
        {"allow": ["role:owner"], "deny": [f"group:{'0' * 32}"]},
        {"allow": [f"collection:{'0' * 32}"]},
        {"allow": ["role:owner"], "deny": ["collection:own"]},
        {"allow": ["role:king"]},
        {"allow": ["everybody"]},
        {"allow": ["role:owner\n"]},
        {"allow": ["role:owner"] * 501},
    ],
)
def test_a_list_names_only_what_there_is(
    admin: httpx.Client, document: str, lists: dict[str, list[str]]
) -> None:
    refused = _set(admin, document, **lists)
    assert (refused.status_code, refused.json()["code"]) == (422, "permissions_refused")


def test_readers_and_narrow_tokens_set_no_permissions(
    server: Any,
    admin: httpx.Client,
    someone: Callable[..., Any],
    document: str,
    canteen: tuple[str, str],
) -> None:
    editor = someone(member={canteen[0]: "editor"}).client
    assert editor.get(_path(document)).status_code == 403
    assert _set(editor, document, allow=["role:editor"]).status_code == 403
    sharing = server.with_token(["share", "read"], admin)  # it may not ask
    assert _set(sharing, document, allow=["role:owner"]).status_code == 403
    assert sharing.get(_path(document)).status_code == 200


def test_an_upload_follows_the_default_of_its_collection_or_says_otherwise(
    server: Any, admin: httpx.Client, someone: Callable[..., Any], collection: str
) -> None:
    known = someone(member={collection: "editor"})
    where = f"/v1/collections/{collection}/permissions"
    assert admin.get(where).json()["inherits"]
    drafts = {"allow": ["role:owner"], "deny": []}
    assert admin.put(where, json=drafts).json()["allow"][0]["principal"] == "role:owner"
    assert known.client.get(where).status_code == 403
    hidden = _upload(admin, collection, b"one").json()["id"]
    assert not _sees(known.client, hidden)
    chosen = {"allow": [f"user:{known.id}"], "deny": []}
    shown = _upload(admin, collection, b"two", json.dumps(chosen)).json()["id"]
    assert known.client.get(f"/v1/documents/{shown}").status_code == 200
    for refused, status in (
        (_upload(admin, collection, b"three", "no json"), 422),
        (_upload(known.client, collection, b"three", json.dumps(chosen)), 403),
    ):
        assert refused.status_code == status
    assert admin.delete(f"/v1/collections/{collection}").status_code == 204
    assert admin.get(f"/v1/documents/{shown}").status_code == 404


def test_a_hidden_copy_of_an_upload_is_not_given_away(
    admin: httpx.Client, someone: Callable[..., Any], collection: str
) -> None:
    known = someone(member={collection: "editor"})
    hidden = _upload(admin, collection, b"the same").json()["id"]
    _set(admin, hidden, allow=["role:owner"]).raise_for_status()
    first, again = (_upload(known.client, collection, b"the same") for _ in range(2))
    assert first.status_code == 202
    assert first.json()["id"] != hidden
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert _upload(admin, collection, b"the same").json()["id"] == hidden


def test_people_and_groups_are_found_by_those_who_share_something(
    admin: httpx.Client, someone: Callable[..., Any], collection: str
) -> None:
    owner = someone(member={collection: "owner"})
    group = admin.post("/v1/groups", json={"name": f"100%_{uuid4().hex}"}).json()
    found = owner.client.get("/v1/directory", params={"query": group["name"].upper()}).json()
    assert found == {"items": [{"kind": "group", "id": group["id"], "name": group["name"]}]}
    found = owner.client.get("/v1/directory", params={"query": owner.name[3:]}).json()
    assert found == {"items": [{"kind": "user", "id": owner.id, "name": owner.name}]}
    assert len(owner.client.get("/v1/directory", params={"query": "u"}).json()["items"]) <= 20
    assert owner.client.get("/v1/directory", params={"query": ""}).status_code == 422
    editor = someone("editor", member={collection: "reader"}).client
    assert editor.get("/v1/directory", params={"query": "u"}).status_code == 403


def _upload(
    client: httpx.Client, collection: str, content: bytes, permissions: str | None = None
) -> httpx.Response:
    data = {"collection": collection}
    if permissions is not None:
        data["permissions"] = permissions
    return client.post("/v1/documents", data=data, files={"file": ("a.txt", content)})
