"""Searching over HTTP: passages with their places, in both languages, and odd queries."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

CONTRACT = """# 采购合同

## 付款

买方应当在收到发票之日起三十日内付款。

## 违约责任

逾期付款的，买方每日按未付金额的万分之五支付违约金。
"""
HANDBOOK = """# Employee handbook

## Annual leave

New employees receive 25 days of paid annual leave in their first year.

## Travel

Flights need the approval of the head of department.
"""


@pytest.fixture(scope="module")
def shelf(server: Any, admin: httpx.Client) -> tuple[str, dict[str, str]]:
    """Return a collection and its documents' ids by name."""
    created = admin.post("/v1/collections", json={"name": f"c {uuid4().hex}"})
    collection = created.raise_for_status().json()["id"]
    texts = {"handbook.md": HANDBOOK, "合同.md": CONTRACT}
    return collection, {
        name: server.ready(admin, collection, name, text) for name, text in texts.items()
    }


def _hits(client: httpx.Client, query: str, **options: object) -> list[dict[str, Any]]:
    answer = client.post("/v1/search", json={"query": query, **options}).raise_for_status()
    hits: list[dict[str, Any]] = answer.json()["hits"]
    return hits


def _text(client: httpx.Client, document: str) -> str:
    blocks = client.get(f"/v1/documents/{document}/text").raise_for_status().json()["blocks"]
    return "\n\n".join(block["text"] for block in blocks)


def test_copies_are_told_with_the_best_of_them_unless_all_are_wanted(
    server: Any, admin: httpx.Client
) -> None:
    created = admin.post("/v1/collections", json={"name": f"c {uuid4().hex}"})
    collection = created.raise_for_status().json()["id"]
    text = "The tide table hangs beside the harbour office."
    first = server.ready(admin, collection, "tides.txt", text)
    second = server.ready(admin, collection, "tides.md", f"**{text}**")
    query = {"query": "tide table", "collections": [collection]}
    [hit] = _hits(admin, **query)
    [other] = hit["also"]
    assert {hit["document_id"], other["document_id"]} == {first, second}
    whole = _text(admin, other["document_id"])
    assert text in whole[other["start"] : other["end"]]
    assert [one["also"] for one in _hits(admin, **query, fold_duplicates=False)] == [[], []]


@pytest.mark.parametrize(
    ("query", "name", "heading"),
    [
        ("flights approval", "handbook.md", "Travel"),
        ("How long is the paid vacation of new staff?", "handbook.md", "Annual leave"),
        ("违约金", "合同.md", "违约责任"),
        ("What is the penalty for late payment?", "合同.md", "违约责任"),
    ],
    ids=["words", "meaning", "Chinese", "English to Chinese"],
)
def test_the_fitting_document_comes_first(
    admin: httpx.Client,
    shelf: tuple[str, dict[str, str]],
    query: str,
    name: str,
    heading: str,
) -> None:
    collection, documents = shelf
    first = _hits(admin, query, collections=[collection])[0]
    assert (first["document_id"], first["document_name"]) == (documents[name], name)
    assert heading in first["text"] or heading in first["heading_path"]


def test_a_chinese_question_finds_the_right_english_document(
    server: Any, admin: httpx.Client, collection: str
) -> None:
    sections = [*HANDBOOK.split("## ")[1:], "Equipment\n\nEveryone receives a laptop."]
    documents = [
        server.ready(admin, collection, f"{number}.md", f"# {section}")
        for number, section in enumerate(sections)
    ]
    found = _hits(admin, "新员工第一年有多少天带薪年假？", collections=[collection])
    assert found[0]["document_id"] == documents[0]


def test_a_hit_is_a_piece_of_the_text_at_its_offsets(
    admin: httpx.Client, shelf: tuple[str, dict[str, str]]
) -> None:
    collection, _ = shelf
    hits = _hits(admin, "付款 leave", collections=[collection])
    assert [hit["rank"] for hit in hits] == list(range(1, len(hits) + 1))
    assert hits
    for hit in hits:
        text = _text(admin, hit["document_id"])
        assert hit["text"] == text[hit["start"] : hit["end"]]
        assert not {"score", "distance", "similarity"} & hit.keys()


def test_the_limit_is_kept(admin: httpx.Client, shelf: tuple[str, dict[str, str]]) -> None:
    assert len(_hits(admin, "付款 leave", limit=1)) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"query": "leave", "limit": 0},
        {"query": "leave", "limit": 51},
        {"query": "leave", "collections": ["not an id"]},
        {"query": "leave", "acls": [1]},
        {"query": None},
        {},
    ],
    ids=str,
)
def test_a_search_that_is_not_understood(admin: httpx.Client, body: dict[str, object]) -> None:
    answer = admin.post("/v1/search", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("query", ["", " \n"], ids=["empty", "blank"])
def test_nothing_is_found_for_nothing(admin: httpx.Client, query: str) -> None:
    assert _hits(admin, query) == []


@pytest.mark.parametrize(
    "query",
    ["x" * 100_000, "付" * 100_000, 'a AND OR ( " * ~ : [', "flights\x00approval", "🛫" * 500],
    ids=["long", "long Chinese", "operators", "null character", "pictures"],
)
def test_odd_queries_are_only_queries(
    admin: httpx.Client, shelf: tuple[str, dict[str, str]], query: str
) -> None:
    collection, documents = shelf
    found = {hit["document_id"] for hit in _hits(admin, query, collections=[collection])}
    assert found <= set(documents.values())


@pytest.mark.parametrize("path", ["/v1/search", "/v1/answers", "/v1/collections", "/v1/session"])
def test_half_a_character_is_refused(admin: httpx.Client, path: str) -> None:
    body = rb'{"query": "\ud800", "question": "\ud800", "name": "\ud800", "password": "\ud800"}'
    answer = admin.post(path, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "half a character" in answer.json()["detail"]
