"""Groups over HTTP: made and filled by administrators, given roles, counting at once."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx


def _group(admin: httpx.Client) -> str:
    created = admin.post("/v1/groups", json={"name": f"g {uuid4().hex}"})
    assert created.status_code == 201
    return str(created.json()["id"])


def test_a_member_reads_what_the_group_may_and_nothing_after_leaving(
    admin: httpx.Client, someone: Callable[..., Any], library: Any
) -> None:
    known, group = someone(), _group(admin)
    path = f"/v1/documents/{library.document}"
    role = {"role": "reader"}
    assert admin.put(f"/v1/groups/{group}/members/{known.id}").status_code == 204
    assert known.client.get(path).status_code == 404
    where = f"/v1/collections/{library.collection}/groups/{group}"
    assert admin.put(where, json=role).status_code == 204
    assert known.client.get(path).status_code == 200
    members = admin.get(f"/v1/collections/{library.collection}/members").json()
    assert group in [item["group_id"] for item in members["groups"]]
    assert admin.delete(f"/v1/groups/{group}/members/{known.id}").status_code == 204
    assert known.client.get(path).status_code == 404
    assert admin.put(f"/v1/groups/{group}/members/{known.id}").status_code == 204
    assert admin.delete(where).status_code == 204
    assert known.client.get(path).status_code == 404


def test_a_group_is_listed_renamed_and_deleted(
    admin: httpx.Client, someone: Callable[..., Any]
) -> None:
    known, group = someone(), _group(admin)
    name = f"renamed {uuid4().hex}"
    admin.put(f"/v1/groups/{group}", json={"name": name}).raise_for_status()
    admin.put(f"/v1/groups/{group}/role", json={"role": "auditor"}).raise_for_status()
    admin.put(f"/v1/groups/{group}/members/{known.id}").raise_for_status()
    listed = [item for item in admin.get("/v1/groups").json()["items"] if item["id"] == group]
    assert [(item["name"], item["role"], item["member_count"]) for item in listed] == [
        (name, "auditor", 1)
    ]
    assert known.client.get("/v1/session").json()["user"]["verbs"] == ["audit"]
    people = admin.get(f"/v1/groups/{group}/members").json()["items"]
    assert people == [{"user_id": known.id, "name": known.name}]
    assert admin.delete(f"/v1/groups/{group}/role").status_code == 204
    assert known.client.get("/v1/session").json()["user"]["verbs"] == []
    assert admin.delete(f"/v1/groups/{group}").status_code == 204
    assert admin.get(f"/v1/groups/{group}/members").status_code == 404


def test_others_than_administrators_see_no_groups(
    admin: httpx.Client, someone: Callable[..., Any], collection: str
) -> None:
    owner, group = someone("editor", member={collection: "owner"}).client, _group(admin)
    assert owner.get("/v1/groups").status_code == 403
    assert owner.post("/v1/groups", json={"name": "mine"}).status_code == 403
    assert owner.delete(f"/v1/groups/{group}").status_code == 403
