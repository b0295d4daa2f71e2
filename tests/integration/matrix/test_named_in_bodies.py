"""Things of another tenant that a request names in its body are as if there were none."""

import re
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import pytest

from api.app import create_app
from api.settings import Settings
from tests.integration.matrix.expectations import EXPECTED
from tests.integration.matrix.installation import OURS, THEIRS, Installation

ABSENT = "f" * 32
NAMED: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
    ("POST /v1/search", "collections"): (
        "collection_id",
        {"query": "lantern", "collections": ["{}"]},
    ),
    ("POST /v1/search/facets", "collections"): ("collection_id", {"collections": ["{}"]}),
    ("POST /v1/answers", "collections"): (
        "collection_id",
        {"question": "Which lantern?", "collections": ["{}"]},
    ),
    ("POST /v1/answers", "conversation_id"): (
        "conversation_id",
        {"question": "Which lantern?", "conversation_id": "{}"},
    ),
    ("POST /v1/queue/retry", "collection"): ("collection_id", {"collection": "{}"}),
    **{
        (f"PUT /v1/{place}/permissions", field): (kind, {"allow": [], "deny": [], field: [entry]})
        for place in ("documents/{document_id}", "collections/{collection_id}")
        for field, kind, entry in (
            ("allow", "user_id", "user:{}"),
            ("deny", "group_id", "group:{}"),
        )
    },
}
"""The fields of JSON bodies that name a thing: what it is, and a body with its id left out."""
NAMES_NO_THING = {
    *("name", "password", "current", "new", "next", "question", "query", "tags", "code"),
    *("languages", "authors", "dated_from", "dated_to", "uploaded_from", "uploaded_to"),
    *("issuer", "subject", "dataset", "dataset_digest", "at", "id"),  # `id` is a question's own
    *("kty", "crv", "x", "y", "e", "n", "kid", "use", "alg"),
    *("kind", "path", "ignore", "url", "bucket", "prefix", "endpoint", "region", "access_key_id"),
    *("host", "username", "mailboxes", "branch", "include", "secret"),
}
NEW_EACH_TIME = re.compile(r'[0-9a-f]{32}|(?<=_ms":)\d+|"cached":\w+')
"""Ids of answers, times, and whether the same was asked before."""
pytestmark = pytest.mark.xdist_group("matrix")


def test_every_field_of_a_body_is_known_to_name_a_thing_or_none() -> None:
    app = create_app(Settings(), lambda _: None)  # type: ignore[arg-type, return-value]
    document = app.openapi()
    found = {
        (f"{method.upper()} {path}", field)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for field in _texts(_json_body(operation), document["components"]["schemas"], "")
    }
    assert {(route, field) for route, field in found if field not in NAMES_NO_THING} == NAMED.keys()


@pytest.mark.parametrize(("route", "field"), NAMED)
def test_another_tenants_thing_in_a_body_is_as_if_there_were_none(
    installation: Installation, route: str, field: str
) -> None:
    kind, body = NAMED[route, field]
    before = installation.rows()
    theirs, absent, ours = (
        _said(installation, route, _filled(body, key))
        for key in (installation.theirs[kind], ABSENT, installation.ours[kind])
    )
    assert theirs == absent
    assert ours != theirs  # or the field would do nothing
    assert {word for word in (THEIRS, OURS) if word in theirs[1].casefold()} == set()
    assert EXPECTED[route].lasts or installation.rows() == before


def _said(installation: Installation, route: str, body: Any) -> tuple[int, str]:
    wanted = "reader" if EXPECTED[route].lasts else "owner"  # whose conversation it is
    caller = next(caller for caller in installation.callers if caller.name == wanted)
    method, path = route.split(" ")
    with nullcontext() if EXPECTED[route].lasts else installation.undone():
        response = installation.send(caller, method, path.format_map(installation.ours), json=body)
    return response.status_code, NEW_EACH_TIME.sub("", response.text)


def _filled(body: Any, key: str) -> Any:
    if isinstance(body, dict):
        return {name: _filled(value, key) for name, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, key) for value in body]
    return body.replace("{}", key)


def _json_body(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    schema: Mapping[str, Any] = content.get("application/json", {}).get("schema", {})
    return schema


def _texts(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str) -> Iterator[str]:
    """Return the names of the fields, however deep, that take any text."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    for key in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(key, ()):
            yield from _texts(one, schemas, name)
    if schema.get("type") == "array":
        yield from _texts(schema["items"], schemas, name)
    for inner, one in schema.get("properties", {}).items():
        yield from _texts(one, schemas, inner)
    if schema.get("type") == "string" and not {"enum", "const"} & schema.keys():
        yield name
