"""Every part of the product over HTTP on PostgreSQL, as a role that row-level security binds."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.integration.noninterference.world import PASSWORD, URL, World, prepared

SHOWN, HIDDEN = "1" * 32, "2" * 32


@pytest.fixture
def world(fenced_url: str, tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        prepared(tmp_path / "data", fenced_url)
        yield World(tmp_path / "data", stack, fenced_url)


def test_everything_works_where_each_transaction_sees_one_tenant(world: World) -> None:
    world.add(SHOWN, "lantern copper", 1)
    assert world.hide(HIDDEN, "lantern tariff", 2, closed=False)
    _search_and_ask(world)
    _programs(world)
    _directory(world)
    _people(world)
    for path in ("users", "groups", "tokens", "erasures", "evaluations", "collections"):
        assert _sent(world.admin, "get", f"/v1/{path}")["items"] is not None
    assert 'sourcebook_documents{status="ready"} 2.0' in world.admin.get("/metrics").text
    world.delete(HIDDEN)
    assert _sent(world.admin, "get", "/v1/documents")["total"] == 1
    _sent(world.bo, "delete", "/v1/session")
    assert world.bo.get("/v1/documents").status_code == 401


def _search_and_ask(world: World) -> None:
    for client, found in ((world.bo, {SHOWN}), (world.admin, {SHOWN, HIDDEN})):
        hits = _sent(client, "post", "/v1/search", query="lantern")["hits"]
        assert {hit["document_id"] for hit in hits} == found
    asked = _sent(world.bo, "post", "/v1/answers", question="Which lantern?")
    assert {one["document_id"] for one in asked["citations"]} <= {SHOWN}
    conversation = _sent(world.bo, "get", f"/v1/conversations/{asked['conversation_id']}")
    assert len(conversation["turns"]) == 1
    _sent(world.bo, "put", f"/v1/answers/{asked['id']}/feedback", helpful=True)
    [arm] = _sent(world.admin, "get", "/v1/evaluations/live")["arms"]
    assert (arm["questions"], arm["helpful"]) == (1, 1)


def _programs(world: World) -> None:
    made = _sent(world.admin, "post", "/v1/tokens", name="t", scopes=["read"], expires_in_days=1)
    by_token = _bearer(world, made["token"])
    assert _sent(by_token, "get", "/v1/documents")["total"] == 2
    account = _sent(world.admin, "post", "/v1/service-accounts", name="crawler", expires_in_days=1)
    _sent(world.admin, "put", f"/v1/service-accounts/{account['id']}/role", role="reader")
    form = {"grant_type": "client_credentials", "scope": "read"}
    issued = world.bo.post("/oauth2/token", data=form, auth=(account["id"], account["secret"]))
    by_program = _bearer(world, issued.raise_for_status().json()["access_token"])
    assert _sent(by_program, "get", "/v1/documents")["total"] == 2
    assert _sent(world.bo, "get", "/oauth2/jwks")["keys"]


def _directory(world: World) -> None:
    token = _sent(world.admin, "post", "/v1/scim-tokens", name="directory", expires_in_days=1)
    scim = _bearer(world, token["token"])
    schema = ["urn:ietf:params:scim:schemas:core:2.0:User"]
    made = scim.post("/scim/v2/Users", json={"schemas": schema, "userName": "cleo"})
    assert made.status_code == 201, made.text
    assert _sent(scim, "get", "/scim/v2/Users")["totalResults"] == 1
    assert scim.delete(f"/scim/v2/Users/{made.json()['id']}").status_code == 204


def _people(world: World) -> None:
    group = _sent(world.admin, "post", "/v1/groups", name="Board")["id"]
    _sent(world.admin, "put", f"/v1/groups/{group}/members/{world.user_id}")
    _sent(world.admin, "put", f"/v1/collections/{world.closed}/groups/{group}", role="reader")
    names = {one["name"] for one in _sent(world.bo, "get", "/v1/collections")["items"]}
    assert names == {"Open", "Closed"}
    export = world.admin.get(f"/v1/users/{world.user_id}/export")
    assert export.status_code == 200
    change = {"current": PASSWORD, "new": "another long password"}
    _sent(world.bo, "put", "/v1/session/password", **change)


def _bearer(world: World, token: str) -> TestClient:
    return TestClient(world.bo.app, base_url=URL, headers={"Authorization": f"Bearer {token}"})


def _sent(client: TestClient, method: str, path: str, **form: object) -> Any:
    response = client.request(method.upper(), path, json=form or None)
    assert response.is_success, (path, response.text)
    return response.json() if response.content else None
