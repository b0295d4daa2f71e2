"""Asking the running server's questions: what its answers become."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from api.cli.client import Client, ClientError
from api.evaluation.served import ServedCorpus
from evaluation.runner import Found

PLACE = {"document_name": "a.pdf", "page": 2}
COPY = {"document_name": "b.pdf", "page": None}
DONE = {"conversation_id": "c", "answer": "Yes. [1]", "refused": False, "citations": [PLACE]}


class FakeClient:
    """Answers with the given events; keeps what was called."""

    def __init__(self, *events: tuple[str, dict[str, Any]]) -> None:
        self.called: list[tuple[str, str]] = []
        self._events = events

    def call(self, method: str, path: str, **_: object) -> dict[str, Any]:
        self.called.append((method, path))
        return {"hits": [{**PLACE, "also": [COPY]}]}

    def events(self, _path: str, _body: object) -> Iterator[tuple[str, dict[str, Any]]]:
        return iter(self._events)


def served(*events: tuple[str, dict[str, Any]]) -> tuple[ServedCorpus, FakeClient]:
    client = FakeClient(*events)
    return ServedCorpus(cast("Client", client)), client


def test_an_answer_is_taken_over_and_its_conversation_deleted() -> None:
    corpus, client = served(("started", {}), ("token", {"text": "Yes. [1]"}), ("done", DONE))
    given = corpus.answer("Is it?")
    assert (given.text, given.refused, given.cited) == ("Yes. [1]", False, [Found("a.pdf", 2)])
    assert given.first_token_ms >= 0
    assert client.called == [("DELETE", "/v1/conversations/c")]


def test_what_breaks_off_is_an_error() -> None:
    for events in [("error", {"detail": "busy"})], []:
        corpus, _ = served(*events)
        with pytest.raises(ClientError):
            corpus.answer("Is it?")


def test_a_copy_counts_as_found_after_the_passage_that_tells_it() -> None:
    corpus, _ = served()
    assert list(corpus.search("it", 10)) == [Found("a.pdf", 2), Found("b.pdf")]
