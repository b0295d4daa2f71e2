"""SCIM over HTTP, spoken as Microsoft Entra and Okta speak it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

URL, BASE = "https://sourcebook.example", "/scim/v2"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ISSUER = "https://login.example"


@pytest.fixture
def admin(open_browser: Callable[[str], TestClient], sign_in: Any) -> TestClient:
    client = open_browser(URL)
    sign_in(client)
    return client


def _directory(admin: TestClient, **more: Any) -> TestClient:
    new = {"name": "Entra", "expires_in_days": 30, **more}
    token = admin.post("/v1/scim-tokens", json=new).raise_for_status().json()["token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
    return TestClient(admin.app, base_url=URL, headers=headers)


@pytest.fixture
def directory(admin: TestClient) -> TestClient:
    return _directory(admin)


def _add(directory: TestClient, kind: str = "Users", **resource: Any) -> dict[str, Any]:
    if kind == "Users":
        resource = {"userName": f"{uuid4().hex}@example.com", **resource}
    answer = directory.post(f"{BASE}/{kind}", json=resource)
    assert answer.status_code == 201, answer.text
    assert answer.headers["content-type"] == "application/scim+json"
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"] == made["meta"]["location"]
    return made


def _patch(directory: TestClient, resource: dict[str, Any], *operations: Any) -> Any:
    kind = f"{resource['meta']['resourceType']}s"
    message = {"schemas": [PATCH], "Operations": list(operations)}
    return directory.patch(f"{BASE}/{kind}/{resource['id']}", json=message)


def _found(directory: TestClient, kind: str, text: str) -> list[str]:
    answer = directory.get(f"{BASE}/{kind}", params={"filter": text})
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["Resources"]]


def _refused(answer: Any, status: int, kind: str | None = None) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/scim+json"
    body = answer.json()
    assert body["schemas"] == [ERROR]
    assert body["status"] == str(status)
    assert body.get("scimType") == kind
    assert body["detail"]


def test_a_user_comes_changes_and_goes(directory: TestClient) -> None:
    new = {
        "schemas": [USER],
        "userName": "Ada@example.com",
        "externalId": "0a1b",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "emails": [{"value": "ada@example.com", "type": "work", "primary": True}],
        "active": True,
        "password": "is never kept",
        "title": "nor is what nobody here needs",
    }
    made = _add(directory, **new)
    assert made["meta"]["location"] == f"{URL}{BASE}/Users/{made['id']}"
    kept = {name: value for name, value in made.items() if name in new}
    assert kept == {name: new[name] for name in new if name not in {"password", "title"}}
    path = f"{BASE}/Users/{made['id']}"
    assert directory.get(path).json() == made
    replaced = directory.put(path, json={"userName": "ada", "active": False}).json()
    assert (replaced["userName"], replaced["active"]) == ("ada", False)
    assert not {"name", "emails", "externalId"} & set(replaced)
    assert directory.delete(path).status_code == 204
    _refused(directory.get(path), 404)
    _refused(directory.delete(path), 404)


def test_users_are_found_by_what_directories_match_by(directory: TestClient) -> None:
    ada = _add(directory, userName="ada@example.com", externalId="1")["id"]
    bob = _add(directory, userName='bob"@example.com', externalId="2", active=False)["id"]
    everyone = sorted([ada, bob])
    for text, expected in (
        ('userName eq "ada@example.com"', [ada]),
        ('username Eq "ADA@example.com"', [ada]),
        ('userName eq "bob\\"@example.com"', [bob]),
        (f'{USER}:userName eq "ada@example.com"', [ada]),
        ('externalId eq "2"', [bob]),
        ('externalId eq "2" and active eq false', [bob]),
        ('externalId eq "2" and active eq "True"', []),
        ("active eq true", [ada]),
        (f'id eq "{ada}"', [ada]),
        ('userName eq "nobody"', []),
        ('userName eq "\' OR 1=1 --"', []),
        (None, everyone),
    ):
        found = directory.get(f"{BASE}/Users", params={"filter": text} if text else {}).json()
        assert [item["id"] for item in found["Resources"]] == expected, text
        assert found["totalResults"] == len(expected)


def test_other_filters_are_refused(directory: TestClient) -> None:
    for text in (
        "userName",
        "userName eq",
        "userName eq ada",
        'userName co "a"',
        'emails.value eq "a"',
        'userName eq "a" or userName eq "b"',
        'userName eq "a" and',
        '(userName eq "a")',
        "userName pr",
        "userName eq 5",
        'active eq "maybe"',
        'userName eq "\\q"',
        "x" * 1001,
    ):
        _refused(directory.get(f"{BASE}/Users", params={"filter": text}), 400, "invalidFilter")


def test_pages_count_from_one(directory: TestClient) -> None:
    ids = sorted(_add(directory)["id"] for _ in range(5))

    def page(**params: Any) -> tuple[list[str], int, int]:
        answer = directory.get(f"{BASE}/Users", params=params).json()
        assert answer["totalResults"] == 5
        items = [item["id"] for item in answer["Resources"]]
        return items, answer["startIndex"], answer["itemsPerPage"]

    assert page(count=2) == (ids[:2], 1, 2)
    assert page(startIndex=3, count=2) == (ids[2:4], 3, 2)
    assert page(startIndex=0, count=9) == (ids, 1, 5)
    assert page(startIndex=9) == ([], 9, 0)
    assert page(count=0) == ([], 1, 0)
    assert page(count=-1) == ([], 1, 0)
    _refused(directory.get(f"{BASE}/Users", params={"count": "x"}), 400, "invalidValue")


def test_entra_s_dialect_changes_a_user(directory: TestClient) -> None:
    user = _add(directory, userName="a", emails=[{"type": "home", "value": "h@example.com"}])
    answer = _patch(
        directory,
        user,
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "w@example.com"},
        {"op": "Replace", "path": "name.givenName", "value": "Ada"},
        {"op": "Add", "path": f"{USER}:displayName", "value": "Ada L."},
        {"op": "Replace", "value": {"name.familyName": "Lovelace", "userName": "ada"}},
    ).json()
    assert answer["active"] is False
    assert answer["name"] == {"givenName": "Ada", "familyName": "Lovelace"}
    assert (answer["displayName"], answer["userName"]) == ("Ada L.", "ada")
    assert answer["emails"] == [
        {"type": "home", "value": "h@example.com"},
        {"type": "work", "value": "w@example.com"},
    ]
    answer = _patch(
        directory,
        user,
        {"op": "Remove", "path": 'emails[type eq "home"]'},
        {"op": "Remove", "path": "displayName"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "new@example.com"},
    ).json()
    assert answer["emails"] == [{"type": "work", "value": "new@example.com"}]
    assert "displayName" not in answer


def test_okta_s_dialect_deactivates_and_renames(directory: TestClient) -> None:
    user = _add(directory)
    assert (
        _patch(directory, user, {"op": "replace", "value": {"active": False}}).json()["active"]
        is False
    )
    group = _add(directory, "Groups", displayName="Staff", members=[{"value": user["id"]}])
    renamed = {"op": "replace", "value": {"id": group["id"], "displayName": "Everyone"}}
    answer = _patch(directory, group, renamed).json()
    assert (answer["id"], answer["displayName"]) == (group["id"], "Everyone")
    assert [member["value"] for member in answer["members"]] == [user["id"]]


def test_members_come_and_go_in_both_dialects(directory: TestClient) -> None:
    ada, bob, eve = (_add(directory)["id"] for _ in range(3))
    group = _add(directory, "Groups", displayName="Staff", externalId="g1")

    def members(*operations: Any) -> set[str]:
        answer = _patch(directory, group, *operations)
        assert answer.status_code == 200, answer.text
        return {member["value"] for member in answer.json()["members"]}

    both = [{"value": ada}, {"value": bob, "display": "Bob"}]
    assert members({"op": "Add", "path": "members", "value": both}) == {ada, bob}
    assert members({"op": "add", "path": "members", "value": [{"value": ada}]}) == {ada, bob}
    assert members({"op": "remove", "path": f'members[value eq "{ada}"]'}) == {bob}
    assert members({"op": "Remove", "path": "members", "value": [{"value": bob}]}) == set()
    assert members({"op": "replace", "path": "members", "value": [{"value": eve}]}) == {eve}
    assert _found(directory, "Groups", f'members.value eq "{eve}"') == [group["id"]]
    assert _found(directory, "Groups", f'id eq "{group["id"]}" and members eq "{ada}"') == []
    assert members({"op": "remove", "path": "members"}) == set()


def test_groups_are_found_and_shown_without_members(directory: TestClient) -> None:
    ada = _add(directory)["id"]
    group = _add(
        directory, "Groups", displayName="Staff", externalId="g1", members=[{"value": ada}]
    )
    assert _found(directory, "Groups", 'displayName eq "staff"') == [group["id"]]
    assert _found(directory, "Groups", 'externalId eq "g1"') == [group["id"]]
    path, few = f"{BASE}/Groups/{group['id']}", {"excludedAttributes": "members"}
    assert "members" not in directory.get(path, params=few).json()
    (listed,) = directory.get(f"{BASE}/Groups", params=few).json()["Resources"]
    assert "members" not in listed
    answer = directory.put(path, json={"displayName": "Staff", "externalId": "g2"}).json()
    assert (answer["externalId"], answer["members"]) == ("g2", [])
    assert directory.delete(path).status_code == 204
    _refused(directory.get(path), 404)


NOT_APPLICABLE: list[tuple[Any, str]] = [
    ([], "invalidSyntax"),
    (["x"], "invalidSyntax"),
    ("x", "invalidSyntax"),
    ([{"op": "move", "path": "active", "value": True}], "invalidSyntax"),
    ([{"op": "replace", "path": 5, "value": True}], "invalidSyntax"),
    ([{"op": "replace", "path": "a b", "value": True}], "invalidPath"),
    ([{"op": "replace", "path": "emails[", "value": True}], "invalidPath"),
    ([{"op": "replace", "path": "emails[type]", "value": True}], "invalidFilter"),
    ([{"op": "replace", "path": "active", "value": "perhaps"}], "invalidValue"),
    ([{"op": "replace", "path": "active", "value": 1}], "invalidValue"),
    ([{"op": "replace", "path": "userName", "value": ""}], "invalidValue"),
    ([{"op": "replace", "path": "userName", "value": "\ud800"}], "invalidValue"),
    ([{"op": "replace", "path": "userName", "value": "x" * 300}], "invalidValue"),
    ([{"op": "replace", "path": "name", "value": "Ada"}], "invalidValue"),
    ([{"op": "replace", "path": "emails", "value": "ada"}], "invalidValue"),
    ([{"op": "replace", "value": "ada"}], "invalidValue"),
    ([{"op": "remove", "path": "userName"}], "invalidValue"),
    ([{"op": "remove"}], "noTarget"),
]


def test_operations_that_cannot_be_applied_change_nothing(directory: TestClient) -> None:
    user = _add(directory)
    path = f"{BASE}/Users/{user['id']}"
    for operations, kind in NOT_APPLICABLE:
        message = json.dumps({"Operations": operations}).encode()
        _refused(directory.patch(path, content=message), 400, kind)
        assert directory.get(path).json() == user


def test_bodies_that_are_no_messages_are_refused(directory: TestClient) -> None:
    for body in (b"", b"[]", b"{", b'"x"', b"\xff", b"[" * 100_000):
        _refused(directory.post(f"{BASE}/Users", content=body), 400, "invalidSyntax")


def test_names_and_external_ids_are_unique(admin: TestClient, directory: TestClient) -> None:
    _add(directory, userName="ada", externalId="1")
    bob = _add(directory, userName="bob", externalId="2")
    for new in ({"userName": "ADA"}, {"userName": "admin"}, {"userName": "x", "externalId": "1"}):
        _refused(directory.post(f"{BASE}/Users", json=new), 409, "uniqueness")
    taken = {"op": "replace", "path": "userName", "value": "ada"}
    _refused(_patch(directory, bob, taken), 409, "uniqueness")
    taken = {"op": "replace", "path": "externalId", "value": "1"}
    _refused(_patch(directory, bob, taken), 409, "uniqueness")
    _add(directory, "Groups", displayName="Staff", externalId="1")
    for group in ({"displayName": "Staff"}, {"displayName": "x", "externalId": "1"}):
        _refused(directory.post(f"{BASE}/Groups", json=group), 409, "uniqueness")


def test_a_directory_touches_nobody_that_it_did_not_bring(
    admin: TestClient, directory: TestClient
) -> None:
    administrator = admin.get("/v1/session").json()["user"]["id"]
    local = admin.post("/v1/groups", json={"name": "local"}).json()["id"]
    assert directory.get(f"{BASE}/Users").json()["totalResults"] == 0
    assert directory.get(f"{BASE}/Groups").json()["totalResults"] == 0
    out = {"Operations": [{"op": "replace", "path": "active", "value": False}]}
    for path in (f"{BASE}/Users/{administrator}", f"{BASE}/Groups/{local}", f"{BASE}/Users/x"):
        _refused(directory.get(path), 404)
        _refused(directory.patch(path, json=out), 404)
        _refused(directory.put(path, json={"userName": "x", "displayName": "x"}), 404)
        _refused(directory.delete(path), 404)
    group = {"displayName": "Staff", "members": [{"value": administrator}]}
    _refused(directory.post(f"{BASE}/Groups", json=group), 400, "invalidValue")


def test_a_revoked_expired_or_other_token_opens_nothing(
    admin: TestClient, directory: TestClient
) -> None:
    (listed,) = admin.get("/v1/scim-tokens").json()["items"]
    assert "token" not in listed
    anonymous = TestClient(admin.app, base_url=URL)
    wanted = {"name": "t", "scopes": ["administer"], "expires_in_days": 1}
    personal = admin.post("/v1/tokens", json=wanted).json()["token"]
    for path in ("Users", "Groups", "ServiceProviderConfig", "Schemas", "ResourceTypes"):
        _refused(anonymous.get(f"{BASE}/{path}"), 401)
        for token in (personal, "sbp_x", "x"):
            headers = {"Authorization": f"Bearer {token}"}
            answer = anonymous.get(f"{BASE}/{path}", headers=headers)
            _refused(answer, 401)
            assert "invalid_token" in answer.headers["www-authenticate"]
    assert directory.get("/v1/session").status_code == 401
    assert admin.delete(f"/v1/scim-tokens/{listed['id']}").status_code == 204
    _refused(directory.get(f"{BASE}/Users"), 401)
    _refused(directory.post(f"{BASE}/Users", content=b"{"), 401)


def test_a_token_ends_on_its_day(directory: TestClient, tmp_path: Path) -> None:
    assert directory.get(f"{BASE}/Users").status_code == 200
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'data' / 'sourcebook.db'}")
    with engine.begin() as rows:
        rows.execute(sa.text("UPDATE scim_tokens SET expires_at = created_at"))
    engine.dispose()
    _refused(directory.get(f"{BASE}/Users"), 401)


def test_only_administrators_in_person_make_tokens(admin: TestClient) -> None:
    wanted = {"name": "t", "scopes": ["administer", "read"], "expires_in_days": 1}
    personal = admin.post("/v1/tokens", json=wanted).json()["token"]
    program = TestClient(admin.app, base_url=URL, headers={"Authorization": f"Bearer {personal}"})
    new = {"name": "x", "expires_in_days": 1}
    assert program.post("/v1/scim-tokens", json=new).status_code == 403
    assert admin.post("/v1/scim-tokens", json={**new, "expires_in_days": 999}).status_code == 422
    assert admin.delete("/v1/scim-tokens/x").status_code == 404


def test_what_is_supported_is_described(directory: TestClient) -> None:
    config = directory.get(f"{BASE}/ServiceProviderConfig").json()
    assert config["patch"]["supported"]
    assert not config["bulk"]["supported"]
    types = directory.get(f"{BASE}/ResourceTypes").json()["Resources"]
    assert [kind["endpoint"] for kind in types] == ["/Users", "/Groups"]
    for kind in types:
        assert directory.get(f"{BASE}/ResourceTypes/{kind['id']}").json() == kind
        described = directory.get(f"{BASE}/Schemas/{kind['schema']}").json()
        assert described["name"] == kind["id"]
    assert directory.get(f"{BASE}/Schemas").json()["totalResults"] == 2
    _refused(directory.get(f"{BASE}/Schemas/x"), 404)
    _refused(directory.get(f"{BASE}/Nothing"), 404)
