"""Answers over HTTP, written by the real model: cited, streamed, followed up, broken off."""

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

pytestmark = pytest.mark.models

HANDBOOK = """# Employee handbook

## Annual leave

New employees receive 25 days of paid annual leave in their first year.

## Travel

Flights need the approval of the head of department.
"""
CONTRACT = """# 采购合同

## 付款

买方应当在收到发票之日起三十日内付款。
"""
LEAVE = "How many days of paid annual leave do new employees receive?"
ABSURD = "Which colour is the airspeed of an unladen swallow?"
MARK = re.compile(r"\[(\d+)\]")
SECOND_SENTENCE = re.compile(r"[.!?]\s+\S|[。！？]\s*\S")


@pytest.fixture
def asker(someone: Callable[..., Any], shelf: str) -> httpx.Client:
    """Return a reader of the shelf, whose conversations are the test's alone."""
    client: httpx.Client = someone(member={shelf: "reader"}).client
    return client


@pytest.fixture(scope="module")
def shelf(server: Any, admin: httpx.Client) -> str:
    """Return a collection with an English and a Chinese document."""
    created = admin.post("/v1/collections", json={"name": f"c {uuid4().hex}"})
    collection = str(created.raise_for_status().json()["id"])
    server.ready(admin, collection, "handbook.md", HANDBOOK)
    server.ready(admin, collection, "合同.md", CONTRACT)
    return collection


def _ask(client: httpx.Client, question: str, **options: object) -> dict[str, Any]:
    sent = client.post("/v1/answers", json={"question": question, **options})
    answer: dict[str, Any] = sent.raise_for_status().json()
    return answer


def _stream(client: httpx.Client, question: str) -> Iterator[tuple[str, dict[str, Any]]]:
    body = {"question": question, "stream": True}
    with client.stream("POST", "/v1/answers", json=body) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        name = ""
        for line in response.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield name, json.loads(value)


def _text(client: httpx.Client, document: str) -> str:
    blocks = client.get(f"/v1/documents/{document}/text").raise_for_status().json()["blocks"]
    return "\n\n".join(block["text"] for block in blocks)


def _assert_every_sentence_is_cited(client: httpx.Client, answer: dict[str, Any]) -> None:
    assert answer["refused"] is False
    assert answer["interrupted"] is False
    between = [part.strip() for part in MARK.split(answer["answer"])[0::2]]
    assert between[-1] == ""  # no words after the last mark
    assert not [part for part in between if SECOND_SENTENCE.search(part)]
    marks = {int(number) for number in MARK.findall(answer["answer"])}
    assert marks == {citation["number"] for citation in answer["citations"]}
    for citation in answer["citations"]:
        text = _text(client, citation["document_id"])
        assert citation["quote"] == text[citation["start"] : citation["end"]]
        assert citation["quote"].strip()


@pytest.mark.parametrize(
    ("question", "said", "quoted"),
    [
        (LEAVE, "25", "25 days of paid annual leave"),
        ("买方应当在多少日内付款？", "三十日", "三十日内付款"),
        (
            "Within how many days must the buyer pay after receiving the invoice?",
            "thirty|30|三十",
            "三十日内付款",
        ),
    ],
    ids=["English", "Chinese", "English on Chinese"],
)
def test_every_sentence_points_to_its_place(
    asker: httpx.Client, question: str, said: str, quoted: str
) -> None:
    answer = _ask(asker, question)
    _assert_every_sentence_is_cited(asker, answer)
    assert re.search(said, answer["answer"])
    assert any(quoted in citation["quote"] for citation in answer["citations"])
    assert answer["usage"]["prompt_tokens"] > 0
    assert answer["usage"]["completion_tokens"] > 0
    times = answer["timings"]
    assert 0 <= times["retrieval_ms"] <= times["first_token_ms"] <= times["total_ms"]
    assert answer["model"] == asker.get("/v1/about").json()["model"]


def test_what_the_documents_do_not_hold_is_refused(asker: httpx.Client) -> None:
    answer = _ask(asker, ABSURD)
    assert (answer["refused"], answer["citations"]) == (True, [])
    assert "do not hold the answer" in answer["answer"]
    assert "没有" in _ask(asker, "火星的首都在哪里？")["answer"]


def test_nothing_is_answered_outside_the_named_collections(
    asker: httpx.Client, collection: str
) -> None:
    for named in ([], [uuid4().hex], [collection]):
        answer = _ask(asker, LEAVE, collections=named)
        assert (answer["refused"], answer["citations"]) == (True, [])


def test_a_stream_says_the_same_piece_by_piece(asker: httpx.Client) -> None:
    events = list(_stream(asker, LEAVE))
    names = [name for name, _ in events]
    assert names.index("citation") < names.index("token")
    assert (names[0], names[-1]) == ("started", "done")
    assert set(names[1:-1]) == {"citation", "token"}
    done = events[-1][1]
    assert events[0][1] == {"conversation_id": done["conversation_id"], "id": done["id"]}
    assert "".join(data["text"] for name, data in events if name == "token") == done["answer"]
    assert [data for name, data in events if name == "citation"] == done["citations"]
    _assert_every_sentence_is_cited(asker, done)
    stored = asker.get(f"/v1/conversations/{done['conversation_id']}").json()["turns"]
    assert [(turn["question"], turn["answer"]) for turn in stored] == [(LEAVE, done["answer"])]


def test_a_conversation_goes_on_and_hides_what_was_deleted(
    server: Any, admin: httpx.Client, someone: Callable[..., Any], own_library: Any
) -> None:
    client = someone(member={own_library.collection: "reader"}).client
    first = _ask(client, LEAVE)
    key = first["conversation_id"]
    second = _ask(client, "And in which year?", conversation_id=key)
    assert second["conversation_id"] == key
    before = client.get(f"/v1/conversations/{key}").json()
    assert [turn["question"] for turn in before["turns"]] == [LEAVE, "And in which year?"]
    assert before["turns"][0]["status"] == "answered"
    assert [item["id"] for item in client.get("/v1/conversations").json()["items"]] == [key]
    admin.delete(f"/v1/documents/{own_library.document}").raise_for_status()
    after = client.get(f"/v1/conversations/{key}").json()["turns"][0]
    assert (after["status"], after["answer"], after["citations"]) == ("withheld", "", [])
    assert client.delete(f"/v1/conversations/{key}").status_code == 204
    assert client.get(f"/v1/conversations/{key}").status_code == 404


def test_another_person_s_conversation_looks_absent(
    asker: httpx.Client, admin: httpx.Client
) -> None:
    key = _ask(asker, LEAVE, collections=[])["conversation_id"]
    for client, known in ((admin, key), (asker, uuid4().hex)):
        question = {"question": LEAVE, "conversation_id": known}
        for answer in (
            client.get(f"/v1/conversations/{known}"),
            client.delete(f"/v1/conversations/{known}"),
            client.post("/v1/answers", json=question),
            client.post("/v1/answers", json=question | {"stream": True}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "conversation_not_found")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("question", "code"),
    [("", "question_empty"), (" \n\t", "question_empty"), ("x" * 100_000, "question_too_long")],
    ids=["empty", "blank", "100,000 characters"],
)
def test_a_question_that_cannot_be_asked_is_a_problem_and_not_kept(
    person: httpx.Client, question: str, code: str, stream: bool
) -> None:
    answer = person.post("/v1/answers", json={"question": question, "stream": stream})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "xxx" not in answer.text
    assert person.get("/v1/conversations").json()["items"] == []


def _begin(server: Any, client: httpx.Client, body: dict[str, object]) -> socket.socket:
    """Send a question by hand; the caller closes the connection."""
    content = json.dumps(body).encode()
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    url = httpx.URL(server.url)
    head = (
        f"POST /v1/answers HTTP/1.1\r\nHost: {url.netloc.decode()}\r\nOrigin: {server.url}\r\n"
        f"Cookie: {cookies}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    connection = socket.create_connection((url.host, url.port or 80))
    connection.sendall(head.encode() + content)
    return connection


def _conversations(client: httpx.Client, count: int) -> list[str]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        items = client.get("/v1/conversations").raise_for_status().json()["items"]
        if len(items) >= count:
            return [item["id"] for item in items]
        time.sleep(0.02)
    pytest.fail(f"{len(items)} of {count} questions arrived")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_the_model_is_free_again_when_callers_go_away(
    server: Any, asker: httpx.Client, stream: bool
) -> None:
    # Not asked elsewhere, or the answer would come from the cache and not from the model.
    question = f"{'And in' if stream else 'In'} their first year: {LEAVE}"
    body = {"question": question, "stream": stream}
    connections = [_begin(server, asker, body) for _ in range(4)]
    abandoned = _conversations(asker, len(connections))
    for connection in connections:
        connection.close()
    # The model takes one question at a time, in order: had it gone on writing for those who
    # left, theirs would be answered by now.
    _assert_every_sentence_is_cited(asker, _ask(asker, question))
    turns = [asker.get(f"/v1/conversations/{key}").json()["turns"][0] for key in abandoned]
    assert "interrupted" in {turn["status"] for turn in turns}


def test_a_question_that_comes_again_is_answered_at_once_until_its_source_changes(
    server: Any, admin: httpx.Client, someone: Callable[..., Any]
) -> None:
    collection = admin.post("/v1/collections", json={"name": f"c {uuid4().hex}"}).json()["id"]
    document = server.ready(admin, collection, "limit.txt", "The hotel limit is 120 euros a night.")
    readers = [someone(member={collection: "reader"}).client for _ in range(2)]
    question = "What is the hotel limit?"
    first = _ask(readers[0], question)
    again = _ask(readers[1], "  what is the hotel limit")
    assert (first["cached"], again["cached"]) == (False, True)
    assert again["answer"] == first["answer"]
    admin.delete(f"/v1/documents/{document}").raise_for_status()
    gone = _ask(readers[1], question)
    assert gone["refused"]
    assert not gone["cached"]
