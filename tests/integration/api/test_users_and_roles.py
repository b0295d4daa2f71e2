"""Accounts, tenant-wide roles, and what each role may do where."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

PASSWORD = "one more long password"


def _new_user(admin: httpx.Client, **changes: object) -> httpx.Response:
    form = {"name": f"user-{uuid4().hex}", "password": PASSWORD, "role": None}
    return admin.post("/v1/users", json=form | changes)


def test_a_user_is_created_listed_and_deleted(server: Any, admin: httpx.Client) -> None:
    created = _new_user(admin, role="reader")
    assert created.status_code == 201
    user = created.json()
    assert user in admin.get("/v1/users").json()["items"]
    client = server.signed_in(user["name"], PASSWORD)
    program = server.with_token(["read"], client)
    assert admin.delete(f"/v1/users/{user['id']}").status_code == 204
    assert client.get("/v1/session").status_code == 401
    assert program.get("/v1/collections").status_code == 401
    assert user not in admin.get("/v1/users").json()["items"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"password": "short"}, 422, "password_refused"),
        ({"password": "x" * 257}, 422, "password_refused"),
        ({"name": " "}, 422, "name_refused"),
        ({"name": "admin"}, 409, "name_taken"),
        ({"role": "king"}, 422, "invalid_request"),
    ],
)
def test_what_a_user_cannot_be(
    admin: httpx.Client, changes: dict[str, str], status: int, code: str
) -> None:
    answer = _new_user(admin, **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    refused = [value for value in changes.values() if value.strip() and value != "admin"]
    assert not [value for value in refused if value in answer.text]


def test_the_last_owner_cannot_go(admin: httpx.Client) -> None:
    me = admin.get("/v1/session").json()["user"]["id"]
    for user in admin.get("/v1/users").json()["items"]:
        if user["role"] == "owner" and user["id"] != me:  # of an earlier test
            admin.delete(f"/v1/users/{user['id']}").raise_for_status()
    for attempt in (
        admin.delete(f"/v1/users/{me}"),
        admin.delete(f"/v1/users/{me}/role"),
        admin.put(f"/v1/users/{me}/role", json={"role": "editor"}),
    ):
        assert (attempt.status_code, attempt.json()["code"]) == (409, "last_owner")


def test_a_password_that_an_owner_sets_ends_the_old_one_and_its_sessions(
    server: Any, admin: httpx.Client, someone: Callable[..., Any]
) -> None:
    known = someone("reader")
    path = f"/v1/users/{known.id}/password"
    assert admin.put(path, json={"password": PASSWORD}).status_code == 204
    assert known.client.get("/v1/session").status_code == 401
    old = {"name": known.name, "password": known.password}
    assert server.browser().post("/v1/session", json=old).status_code == 401
    assert server.signed_in(known.name, PASSWORD).get("/v1/session").status_code == 200


def test_a_changed_role_counts_from_the_next_request(
    admin: httpx.Client, someone: Callable[..., Any]
) -> None:
    known = someone("reader")
    name = {"name": f"c {uuid4().hex}"}
    assert known.client.post("/v1/collections", json=name).status_code == 403
    role = f"/v1/users/{known.id}/role"
    assert admin.put(role, json={"role": "editor"}).status_code == 204
    assert known.client.post("/v1/collections", json=name).status_code == 201
    assert admin.delete(role).status_code == 204
    name = {"name": f"c {uuid4().hex}"}
    assert known.client.post("/v1/collections", json=name).status_code == 403


@pytest.mark.parametrize("role", [None, "reader", "editor"])
def test_only_owners_administer_people(
    admin: httpx.Client, someone: Callable[..., Any], role: str | None
) -> None:
    caller, other = someone(role), someone("reader")
    for target in (other.id, uuid4().hex):
        path = f"/v1/users/{target}"
        answers = [
            caller.client.delete(path),
            caller.client.put(f"{path}/password", json={"password": PASSWORD}),
            caller.client.put(f"{path}/role", json={"role": "owner"}),
            caller.client.delete(f"{path}/role"),
        ]
        assert [answer.status_code for answer in answers] == [403] * 4
    assert caller.client.get("/v1/users").status_code == 403
    assert _new_user(caller.client).status_code == 403
    assert other.client.get("/v1/session").status_code == 200


# Status of each request in a collection, by the role held there.
READING = [
    ("GET", "/v1/documents?collection={c}", None),
    ("GET", "/v1/documents/{d}", None),
    ("GET", "/v1/documents/{d}/text", None),
    ("GET", "/v1/documents/{d}/content", None),
]
EDITING = [
    ("POST", "/v1/documents/{d}/retry", None),  # 409: it did not fail
    ("DELETE", "/v1/documents/{d}", None),
]
SHARING = [
    ("GET", "/v1/collections/{c}/members", None),
    ("PUT", "/v1/collections/{c}/members/{u}", {"role": "reader"}),
    ("DELETE", "/v1/collections/{c}/members/{u}", None),
    ("DELETE", "/v1/collections/{c}", None),
]


def _statuses(
    client: httpx.Client, library: Any, user: str, requests: list[tuple[str, str, Any]]
) -> list[int]:
    statuses = []
    for method, template, body in requests:
        path = template.format(c=library.collection, d=library.document, u=user)
        statuses.append(client.request(method, path, json=body).status_code)
    return statuses


def _upload_status(server: Any, client: httpx.Client, library: Any) -> int:
    content = f"text {uuid4().hex}".encode()
    return int(server.upload(client, library.collection, "a.txt", content).status_code)


@pytest.mark.parametrize("tenant_wide", [False, True], ids=["in collection", "tenant-wide"])
@pytest.mark.parametrize(
    ("role", "upload", "editing", "sharing"),
    [
        ("reader", 403, [403, 403], [403, 403, 403, 403]),
        ("editor", 202, [409, 204], [403, 403, 403, 403]),
        ("owner", 202, [409, 204], [200, 204, 204, 204]),
    ],
)
def test_what_a_role_may_do(
    server: Any,
    someone: Callable[..., Any],
    own_library: Any,
    role: str,
    upload: int,
    editing: list[int],
    sharing: list[int],
    tenant_wide: bool,
) -> None:
    member = {} if tenant_wide else {own_library.collection: role}
    client, other = someone(role if tenant_wide else None, member).client, someone().id
    assert _statuses(client, own_library, other, READING) == [200, 200, 200, 200]
    listed = {item["id"]: item["role"] for item in client.get("/v1/collections").json()["items"]}
    assert listed[own_library.collection] == role
    assert _upload_status(server, client, own_library) == upload
    assert _statuses(client, own_library, other, EDITING) == editing
    assert _statuses(client, own_library, other, SHARING) == sharing


def _shape(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    changing = {"x-request-id", "date", "ratelimit"}  # what is left of the caller's own minute
    headers = sorted(item for item in answer.headers.multi_items() if item[0] not in changing)
    return answer.status_code, answer.content, headers


def test_hidden_and_absent_look_the_same(
    server: Any, someone: Callable[..., Any], library: Any
) -> None:
    client, other = someone().client, someone().id
    absent = type(library)(uuid4().hex, uuid4().hex, "")
    for method, template, body in READING + EDITING + SHARING:
        answers = []
        for place in (library, absent):
            path = template.format(c=place.collection, d=place.document, u=other)
            answers.append(_shape(client.request(method, path, json=body)))
        assert answers[0][0] == 404, template
        assert answers[0] == answers[1], template
    uploads = [
        _shape(server.upload(client, place.collection, "a.txt", b"text"))
        for place in (library, absent)
    ]
    assert uploads[0][0] == 404
    assert uploads[0] == uploads[1]


def test_a_hidden_document_changes_no_byte_of_a_list_or_a_search(
    someone: Callable[..., Any], library: Any
) -> None:
    client = someone().client
    assert client.get("/v1/collections").json() == {"items": []}
    assert client.get("/v1/documents").json() == {"items": [], "next_cursor": None, "total": 0}
    for collections in (None, [library.collection], [uuid4().hex]):
        query = {"query": library.text, "collections": collections}
        assert client.post("/v1/search", json=query).json() == {"hits": []}


def test_a_stranger_gets_nothing_but_the_way_in(server: Any, library: Any) -> None:
    stranger = server.browser()
    routes = [*READING, *EDITING, *SHARING, ("GET", "/v1/collections", None)]
    routes += [("GET", "/v1/users", None), ("GET", "/v1/tokens", None)]
    routes += [("GET", "/v1/conversations", None), ("POST", "/v1/search", {"query": "leave"})]
    routes += [("POST", "/v1/answers", {"question": "leave?"})]
    assert set(_statuses(stranger, library, uuid4().hex, routes)) == {401}
