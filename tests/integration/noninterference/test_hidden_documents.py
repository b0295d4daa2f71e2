"""Invariant 3: a document that the caller may not see changes no byte of what they get."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.integration.noninterference.world import World, copied, prepared

WORDS = ("tariff", "invoice", "harbour", "lantern", "copper")
TAGS = ("Legal", "urgent", "归档")
FILTERS: tuple[dict[str, object], ...] = (
    {},
    {"tags": ["legal"]},
    {"tags": ["secret 0", "urgent"]},
    {"types": ["text"], "years": [2100], "languages": ["en"]},
    {"dated_to": "2099-12-31"},
)
LAST_SECOND = 1000
CHANGES_EACH_TIME = {"id", "conversation_id", "timings"}
"""Of answers: random ids and measured times."""
NOT_COMPARED = {"date", "ratelimit", "x-request-id", "set-cookie"}

lines = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
texts = st.lists(lines, min_size=1, max_size=3).map("\n".join)
hidden_documents = st.tuples(
    texts,
    st.sampled_from(["closed", "denied", "denied, then deleted"]),
    st.integers(0, 3),  # before which visible document it comes
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "data"
    prepared(folder)
    return folder


def key_of(kind: str, number: int) -> str:
    """Ids that are the same in every world, in no order that means anything."""
    return f"{kind}{(number * 7 + 3) % 16:x}".ljust(32, "0")


def observed(template: Path, visible: list[str], hidden: list[tuple[str, str, int]]) -> list[Any]:
    """Build a world and return all that Bo is answered in it."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        world = World(copied(template, Path(folder) / "data"), stack)
        for place, text in enumerate([*visible, None]):
            for number, (secret, kind, before) in enumerate(hidden):
                if before == place:
                    key = key_of("b", number)
                    stored = world.hide(key, secret, 7 * number, closed=kind == "closed")
                    if stored:
                        world.tag(world.admin, key, *TAGS[number % 3 :], f"secret {number}")
                    if stored and "deleted" in kind:
                        world.delete(key)
            if text is not None:
                world.add(key_of("a", place), text, 10 * place)
                world.tag(world.bo, key_of("a", place), *TAGS[: place + 1])
        world.set_time(LAST_SECOND)
        return list(answers(world, visible, [secret for secret, _, _ in hidden]))


def answers(world: World, visible: list[str], hidden: list[str]) -> Iterator[Any]:
    """Ask everything that could tell; uploads come last, for they change the world."""
    known = [key_of("a", number) for number in range(len(visible))]
    paths = [
        "/v1/collections",
        "/v1/documents",
        "/v1/documents?limit=1",
        f"/v1/documents?collection={world.open}",
        f"/v1/documents?collection={world.closed}",
        "/v1/documents?collection=Closed",
        "/v1/conversations",
        *(f"/v1/documents/{key}{part}" for key in known for part in ("", "/text", "/content")),
        *(f"/v1/documents/{key_of('b', n)}{part}" for n in range(3) for part in ("", "/text")),
    ]
    for path in paths:
        yield path, seen(world.bo.get(path))
    for query in (*WORDS, "tariff copper", "harbour lantern invoice"):
        for limit in (1, 3, 50):
            yield (
                query,
                limit,
                seen(world.bo.post("/v1/search", json={"query": query, "limit": limit})),
            )
        closed = {"query": query, "collections": [world.closed]}
        yield query, "closed", seen(world.bo.post("/v1/search", json=closed))
        for filters in FILTERS:
            narrowed = {"query": query, "filters": filters}
            yield narrowed, seen(world.bo.post("/v1/search", json=narrowed))
    for filters in FILTERS:
        for collections in (None, [world.open], [world.closed]):
            chosen = {"filters": filters, "collections": collections}
            yield chosen, seen(world.bo.post("/v1/search/facets", json=chosen))
    for question in ("Which tariff is on the copper lantern?", "harbour invoice"):
        yield question, seen(world.bo.post("/v1/answers", json={"question": question}))
        for filters in FILTERS[1:3]:
            narrowed = {"question": question, "filters": filters}
            yield narrowed, seen(world.bo.post("/v1/answers", json=narrowed))
    for number in range(3):  # again and again: the second time it is there already
        text = (hidden or ["tariff"])[0] if number < 2 else visible[0]
        yield seen(world.upload(world.bo, key_of("c", number), text, world.open))
    yield seen(world.bo.get("/v1/documents"))


def seen(response: Any) -> tuple[int, list[tuple[str, str]], str]:
    headers = sorted(
        (name, value) for name, value in response.headers.items() if name not in NOT_COMPARED
    )
    body = response.text
    if '"conversation_id"' in body:
        answer = response.json()
        headers = [one for one in headers if one[0] != "content-length"]
        body = json.dumps({k: v for k, v in answer.items() if k not in CHANGES_EACH_TIME})
    return response.status_code, headers, body


@example(visible=["tariff on copper"], hidden=[("Tariff on copper!", "closed", 0)])  # a copy
@settings(
    max_examples=6,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    visible=st.lists(texts, min_size=1, max_size=3, unique=True),
    hidden=st.lists(hidden_documents, min_size=1, max_size=4),
)
def test_hidden_documents_change_no_byte(
    template: Path, visible: list[str], hidden: list[tuple[str, str, int]]
) -> None:
    secrets = [(text, kind, min(before, len(visible))) for text, kind, before in hidden]
    alone = observed(template, visible, [(secrets[0][0], "none", -1)])
    assert alone == observed(template, visible, secrets)
