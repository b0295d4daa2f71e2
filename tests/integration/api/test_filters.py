"""Narrowing a search to documents of a kind, and the counts that help to choose."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

MAIL = (
    b"From: Ann Lee <ann@example.com>\r\nDate: Mon, 4 Mar 2019 10:00:00 +0000\r\n\r\nThe %s opens."
)


@pytest.fixture(scope="module")
def shelf(server: Any, admin: httpx.Client) -> tuple[str, dict[str, str]]:
    """Return a collection with a letter and a note, by name."""
    made = admin.post("/v1/collections", json={"name": f"c {uuid4().hex}"})
    collection = made.raise_for_status().json()["id"]
    sent = server.upload(admin, collection, "letter.eml", MAIL % b"lighthouse").json()["id"]
    assert server.wait_for(admin, sent)["status"] == "ready"
    note = server.ready(admin, collection, "note.md", "# Note\n\nThe lighthouse is closed.")
    return collection, {"letter": sent, "note": note}


def _found(client: httpx.Client, collection: str, **filters: object) -> list[str]:
    wanted = {"query": "lighthouse", "collections": [collection], "filters": filters}
    hits = client.post("/v1/search", json=wanted).raise_for_status().json()["hits"]
    return [hit["document_id"] for hit in hits]


def _facets(client: httpx.Client, collection: str, **filters: object) -> dict[str, Any]:
    wanted = {"collections": [collection], "filters": filters}
    answer = client.post("/v1/search/facets", json=wanted).raise_for_status().json()
    return {
        name: value if name == "total" else {one["value"]: one["count"] for one in value}
        for name, value in answer.items()
    }


def test_a_file_tells_its_author_and_date_and_is_found_by_them(
    admin: httpx.Client, shelf: tuple[str, dict[str, str]]
) -> None:
    collection, documents = shelf
    letter = admin.get(f"/v1/documents/{documents['letter']}").json()
    assert (letter["author"], letter["dated_on"]) == ("Ann Lee", "2019-03-04")
    note = admin.get(f"/v1/documents/{documents['note']}").json()
    assert (note["author"], note["dated_on"]) == (None, note["created_at"][:10])
    for filters in (
        {"authors": ["ANN lee"]},
        {"types": ["mail"]},
        {"years": [2019]},
        {"dated_to": "2019-03-04"},
    ):
        assert _found(admin, collection, **filters) == [documents["letter"]]
    assert _found(admin, collection, uploaded_to="2019-03-04") == []
    assert _found(admin, collection, types=["mail", "text"], authors=["Ann"]) == []


def test_tags_are_set_counted_and_found(
    admin: httpx.Client, shelf: tuple[str, dict[str, str]]
) -> None:
    collection, documents = shelf
    path = f"/v1/documents/{documents['note']}/tags"
    tagged = admin.put(path, json={"tags": [" Harbour ", "归档", "harbour"]}).raise_for_status()
    assert tagged.json()["tags"] == ["harbour", "归档"]
    assert _found(admin, collection, tags=["HARBOUR"]) == [documents["note"]]
    assert _facets(admin, collection)["authors"] == {"Ann Lee": 1}
    facets = _facets(admin, collection, types=["text"])
    assert facets["authors"] == {}
    assert facets["tags"] == {"harbour": 1, "归档": 1}
    assert (facets["total"], facets["types"]) == (1, {"mail": 1, "text": 1})
    assert facets["collections"][collection] == 1
    assert admin.put(path, json={"tags": []}).json()["tags"] == []
    assert _facets(admin, collection)["tags"] == {}


@pytest.mark.parametrize("tags", [["x" * 51], [" "], [str(n) for n in range(21)]])
def test_too_much_is_refused(
    admin: httpx.Client, shelf: tuple[str, dict[str, str]], tags: list[str]
) -> None:
    refused = admin.put(f"/v1/documents/{shelf[1]['note']}/tags", json={"tags": tags})
    assert (refused.status_code, refused.json()["code"]) == (422, "tags_refused")


@pytest.mark.parametrize(
    "filters",
    [{"years": [10**30]}, {"types": ["exe"]}, {"colour": ["red"]}, {"dated_to": "soon"}],
)
def test_filters_that_mean_nothing_are_refused(admin: httpx.Client, filters: object) -> None:
    for path, wanted in (("", {"query": "x"}), ("/facets", {})):
        answer = admin.post(f"/v1/search{path}", json=wanted | {"filters": filters})
        assert answer.status_code == 422


def test_half_a_character_in_a_tag_is_refused(admin: httpx.Client) -> None:
    body = rb'{"filters": {"tags": ["\ud800"]}}'
    headers = {"Content-Type": "application/json"}
    answer = admin.post("/v1/search/facets", content=body, headers=headers)
    assert answer.status_code == 422


def test_a_reader_sees_tags_and_sets_none(
    server: Any, admin: httpx.Client, shelf: tuple[str, dict[str, str]]
) -> None:
    collection, documents = shelf
    person = {"name": f"p-{uuid4().hex}", "password": "a long password", "role": None}
    user = admin.post("/v1/users", json=person).raise_for_status().json()["id"]
    reader = server.signed_in(person["name"], "a long password")
    path = f"/v1/documents/{documents['note']}/tags"
    assert reader.put(path, json={"tags": ["a"]}).status_code == 404
    assert _facets(reader, collection)["total"] == 0
    member = f"/v1/collections/{collection}/members/{user}"
    admin.put(member, json={"role": "reader"}).raise_for_status()
    assert reader.put(path, json={"tags": ["a"]}).status_code == 403
    assert _facets(reader, collection)["total"] == 2
