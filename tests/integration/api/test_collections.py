"""Collections, their members, and what a revoked member still gets: nothing."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

QUESTION = "How many days of paid annual leave do new employees receive?"


def test_a_collection_is_created_listed_and_deleted_with_its_documents(
    server: Any, admin: httpx.Client, own_library: Any
) -> None:
    listed = {item["id"]: item for item in admin.get("/v1/collections").json()["items"]}
    assert listed[own_library.collection]["document_count"] == 1
    assert admin.delete(f"/v1/collections/{own_library.collection}").status_code == 204
    assert admin.get(f"/v1/documents/{own_library.document}").status_code == 404
    remaining = admin.get("/v1/collections").json()["items"]
    assert own_library.collection not in [item["id"] for item in remaining]
    left = (server.data / "blobs").rglob(f"{own_library.document}*")
    assert [path for path in left if path.is_file()] == []


@pytest.mark.parametrize("name", ["", " ", "x" * 300, "\u200b"])
def test_a_name_that_cannot_be_read_is_refused(admin: httpx.Client, name: str) -> None:
    answer = admin.post("/v1/collections", json={"name": name})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_name")


def test_a_name_is_used_once(admin: httpx.Client) -> None:
    name = {"name": f"c {uuid4().hex}"}
    assert admin.post("/v1/collections", json=name).status_code == 201
    again = admin.post("/v1/collections", json=name)
    assert (again.status_code, again.json()["code"]) == (409, "collection_exists")


def test_an_editor_owns_what_they_create(someone: Callable[..., Any]) -> None:
    editor, reader = someone("editor"), someone()
    created = editor.client.post("/v1/collections", json={"name": f"c {uuid4().hex}"}).json()
    assert created["role"] == "owner"
    members = f"/v1/collections/{created['id']}/members"
    shared = editor.client.put(f"{members}/{reader.id}", json={"role": "reader"})
    assert shared.status_code == 204
    roles = {item["name"]: item["role"] for item in editor.client.get(members).json()["items"]}
    assert roles == {editor.name: "owner", reader.name: "reader"}


def test_a_member_must_exist(admin: httpx.Client, collection: str) -> None:
    path = f"/v1/collections/{collection}/members/{uuid4().hex}"
    assert admin.put(path, json={"role": "reader"}).status_code == 404
    assert admin.delete(path).status_code == 404


def _all_that_a_reader_gets(client: httpx.Client, library: Any) -> dict[str, Any]:
    document = f"/v1/documents/{library.document}"
    return {
        "collections": client.get("/v1/collections").json()["items"],
        "total": client.get("/v1/documents").json()["total"],
        "hits": client.post("/v1/search", json={"query": QUESTION}).json()["hits"],
        "document": client.get(document).status_code,
        "text": client.get(f"{document}/text").status_code,
        "content": client.get(f"{document}/content").status_code,
    }


@pytest.mark.models
def test_a_revoked_member_loses_everything_with_the_next_request(
    admin: httpx.Client, someone: Callable[..., Any], own_library: Any
) -> None:
    reader = someone(member={own_library.collection: "reader"})
    client = reader.client
    before = _all_that_a_reader_gets(client, own_library)
    assert all(before.values())
    assert before["content"] == 200
    answer = client.post("/v1/answers", json={"question": QUESTION}).raise_for_status().json()
    assert "25" in answer["answer"]
    member = f"/v1/collections/{own_library.collection}/members/{reader.id}"
    assert admin.delete(member).status_code == 204
    assert _all_that_a_reader_gets(client, own_library) == {
        "collections": [],
        "total": 0,
        "hits": [],
        "document": 404,
        "text": 404,
        "content": 404,
    }
    conversation = client.get(f"/v1/conversations/{answer['conversation_id']}")
    assert conversation.json()["turns"][0]["status"] == "withheld"
    assert own_library.text not in conversation.text
    assert own_library.document not in conversation.text
    again = client.post("/v1/answers", json={"question": QUESTION}).json()
    assert (again["refused"], again["citations"]) == (True, [])
