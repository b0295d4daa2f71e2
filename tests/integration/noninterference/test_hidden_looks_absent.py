"""Invariant 10: what exists and is hidden answers as what never was, on every route with an id."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.integration.noninterference.world import World, copied, prepared

NOT_COMPARED = {"date", "ratelimit", "x-request-id"}
"""They tell of the request itself."""

ABSENT = "f" * 32
CLOSED, DENIED, OURS = "1" * 32, "2" * 32, "3" * 32
SOURCE = {"config": {"kind": "web", "url": "http://127.0.0.1:9/"}}
BODIES: dict[str, object] = {
    "PasswordReset": {"password": "a long password for tests"},
    "RoleChange": {"role": "reader"},
    "GroupName": {"name": "Friends"},
    "PublicKey": {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43},
    "Permissions": {"allow": [], "deny": []},
    "Feedback": {"helpful": True},
    "Tags": {"tags": ["Legal"]},
    "NewSource": SOURCE,
    "SourceChange": {},
}
OTHERWISE = {
    "provider": "the configured providers are on the sign-in page",
    "name": "the same names for everybody (SCIM's schemas)",
    "index": "auditors see the whole log, others none of it: tested with its routes",
    "evaluation_id": "administrators see all evaluations, others none: tested with its routes",
}
"""Parts of paths that name nothing which may be hidden from one and not from another."""

Case = tuple[str, str, str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("absent")
    prepared(folder / "template")
    with ExitStack() as stack:
        world = World(copied(folder / "template", folder / "data"), stack)
        world.add(OURS, "lantern", 1)
        assert world.hide(CLOSED, "copper", 2, closed=True)
        assert world.hide(DENIED, "tariff", 3, closed=False)
        yield world


@pytest.fixture(scope="module")
def hidden(world: World) -> dict[str, list[str]]:
    """Make one thing of every kind that Bo has no right to."""

    def made(path: str, form: object, *keys: str) -> str:
        found = world.admin.post(path, json=form).raise_for_status().json()
        for key in keys:
            found = found[key]
        return str(found)

    token = {"name": "t", "scopes": ["read"], "expires_in_days": 1}
    program = {"name": "p", "expires_in_days": 1}
    return {
        "document_id": [CLOSED, DENIED],
        "collection_id": [world.closed],
        "user_id": [str(world.admin.get("/v1/session").json()["user"]["id"])],
        "group_id": [made("/v1/groups", {"name": "Board"}, "id")],
        "conversation_id": [made("/v1/answers", {"question": "copper?"}, "conversation_id")],
        "answer_id": [made("/v1/answers", {"question": "copper?"}, "id")],
        "source_id": [made(f"/v1/collections/{world.closed}/sources", SOURCE, "id")],
        "token_id": [made("/v1/tokens", token, "id")],
        "account_id": [made("/v1/service-accounts", program, "id")],
    }


@pytest.fixture(scope="module")
def cases(world: World) -> list[Case]:
    """Every route and each of the ids in its path."""
    paths = world.admin.get("/openapi.json").json()["paths"].items()
    return [
        (method.upper(), path, name)
        for path, operations in paths
        for method in operations
        for name in re.findall(r"\{(\w+)\}", path)
        if name not in OTHERWISE
    ]


def _body(world: World, method: str, path: str) -> object:
    operation = world.admin.get("/openapi.json").json()["paths"][path][method.lower()]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        return BODIES.get(content["schema"].get("$ref", "").rpartition("/")[2], {})
    return None


def _answer(world: World, case: Case, value: str) -> Any:
    """Call a route as Bo with one of its ids; the others are of what Bo sees."""
    method, path, name = case
    ours = {"collection_id": world.open, "document_id": OURS, "user_id": world.user_id}
    url = re.sub(r"\{(\w+)\}", lambda m: value if m[1] == name else ours.get(m[1], ABSENT), path)
    response = world.bo.request(method, url, json=_body(world, method, path))
    headers = {k: v for k, v in response.headers.items() if k not in NOT_COMPARED}
    return response.status_code, headers, response.text.replace(value, "ID")


def test_no_route_tells_what_is_hidden_from_what_is_absent(
    world: World, hidden: dict[str, list[str]], cases: list[Case]
) -> None:
    assert {name for _, _, name in cases} <= hidden.keys(), "make one, or say why not in OTHERWISE"
    told = {}
    for case in cases:
        absent = _answer(world, case, ABSENT)
        assert absent[0] in {401, 403, 404}, f"{case} needs a body: {absent}"
        for value in hidden[case[2]]:
            answer = _answer(world, case, value)
            if answer != absent:
                told[case] = (answer, absent)
    assert told == {}


def test_documents_and_collections_that_are_hidden_are_not_found(
    world: World, hidden: dict[str, list[str]], cases: list[Case]
) -> None:
    own = {case for case in cases if case[2] in {"document_id", "collection_id"}}
    statuses = {(case, _answer(world, case, hidden[case[2]][0])[0]) for case in own}
    assert {status for _, status in statuses} == {404}
    assert world.bo.get(f"/v1/documents/{OURS}").status_code == 200


def test_a_collection_is_narrowed_to_as_if_a_hidden_one_were_absent(world: World) -> None:
    for path, form in (("/v1/search", {"query": "copper"}), ("/v1/answers", {"question": "why?"})):
        answers = [
            world.bo.post(path, json=form | {"collections": [collection]}).json()
            for collection in (ABSENT, world.closed, ABSENT)  # the first fills the answer cache
        ][1:]
        for answer in answers:
            for key in ("id", "conversation_id", "timings", "cached"):
                answer.pop(key, None)
        assert answers[0] == answers[1]
    uploads = [
        world.upload(world.bo, "4" * 32, "copper", key) for key in (world.closed, "Closed", ABSENT)
    ]
    assert len({(one.status_code, one.text) for one in uploads}) == 1
    assert uploads[0].status_code == 404
