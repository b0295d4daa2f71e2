import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from retrieval.embedding.errors import EmbeddingServerError
from retrieval.embedding.openai_server import OpenAIEmbedder
from retrieval.embedding.port import Embedder
from retrieval.embedding.settings import EmbeddingSettings
from tests.unit.retrieval.embedding.conformance import EmbedderConformance

DIMENSIONS = 8
Answer = Callable[[list[str]], tuple[int, dict[str, str], bytes]]


def _vector(text: str) -> list[float]:
    # Not of length 1: the adapter has to normalise.
    return [byte - 127.5 for byte in sha256(text.encode()).digest()[:DIMENSIONS]]


def _embeddings(texts: list[str]) -> tuple[int, dict[str, str], bytes]:
    items = [{"index": index, "embedding": _vector(text)} for index, text in enumerate(texts)]
    return 200, {}, json.dumps({"object": "list", "data": items[::-1]}).encode()


class Server:
    """A small embeddings server; `answers` replace its next answers, in order."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str | None] = []
        self.answers: list[Answer] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                server.requests.append(body | {"path": self.path})
                server.authorizations.append(self.headers["authorization"])
                answer = server.answers.pop(0) if server.answers else _embeddings
                status, headers, content = answer(body["input"])
                # A client that stopped waiting has closed its end.
                with suppress(BrokenPipeError):
                    self._answer(status, {"content-length": str(len(content))} | headers, content)

            def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


class Connection:
    def __init__(self, server: Server, **settings: object) -> None:
        self.waits: list[float] = []
        self.embedder = OpenAIEmbedder(
            EmbeddingSettings.model_validate(
                {"backend": "openai", "url": server.url, "model": "some/model", "attempts_max": 3}
                | settings
            ),
            sleep=self.waits.append,
            jitter=lambda: 1.0,
        )
        server.requests.clear()


@pytest.fixture
def connection(server: Server) -> Iterator[Connection]:
    connection = Connection(server, batch_texts_max=2)
    yield connection
    connection.embedder.close()


class TestOpenAIServer(EmbedderConformance):
    @pytest.fixture
    def embedder(self, connection: Connection) -> Embedder:
        return connection.embedder


def _status(status: int, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda texts: (status, named, b"secret detail")


def _data(items: list[dict[str, object]]) -> Answer:
    return lambda texts: (200, {}, json.dumps({"data": items}).encode())


def test_asks_in_batches_and_puts_rows_in_order(server: Server, connection: Connection) -> None:
    vectors = connection.embedder.embed_passages(list("abcde"))
    assert [request["input"] for request in server.requests] == [["a", "b"], ["c", "d"], ["e"]]
    assert {request["path"] for request in server.requests} == {"/v1/embeddings"}
    assert {request["model"] for request in server.requests} == {"some/model"}
    for text, row in zip("abcde", vectors, strict=True):
        expected = np.array(_vector(text)) / np.linalg.norm(_vector(text))
        np.testing.assert_allclose(row, expected, atol=1e-6)


def test_sends_key_and_prefixes(server: Server) -> None:
    prefixes = {"query_prefix": "q: ", "passage_prefix": "p: "}
    embedder = Connection(server, api_key="the-key", **prefixes).embedder
    embedder.embed_queries(["one"])
    embedder.embed_passages(["two"])
    embedder.close()
    assert [request["input"] for request in server.requests] == [["q: one"], ["p: two"]]
    assert set(server.authorizations) == {"Bearer the-key"}


def test_waits_longer_before_each_retry(server: Server, connection: Connection) -> None:
    server.answers = [_status(503), _status(500)]
    assert connection.embedder.embed_passages(["a"]).shape == (1, DIMENSIONS)
    assert connection.waits == [0.5, 1.0]


def test_waits_as_long_as_the_server_says(server: Server, connection: Connection) -> None:
    server.answers = [_status(429, retry_after="7")]
    connection.embedder.embed_passages(["a"])
    assert connection.waits == [7.0]


def test_gives_up_after_the_last_attempt(server: Server, connection: Connection) -> None:
    server.answers = [_status(503)] * 3
    with pytest.raises(EmbeddingServerError, match="503"):
        connection.embedder.embed_passages(["a"])
    assert len(server.requests) == 3


def test_does_not_repeat_what_the_server_refuses(server: Server, connection: Connection) -> None:
    server.answers = [_status(401)]
    with pytest.raises(EmbeddingServerError, match="401") as caught:
        connection.embedder.embed_passages(["private words"])
    assert len(server.requests) == 1
    assert "private" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_slow_server_is_tried_again_and_then_given_up(server: Server) -> None:
    connection = Connection(server, request_seconds_max=0.05, attempts_max=2)
    release = threading.Event()

    def hang(texts: list[str]) -> tuple[int, dict[str, str], bytes]:
        release.wait(10)
        return _embeddings(texts)

    server.answers = [hang, hang]
    try:
        with pytest.raises(EmbeddingServerError, match="does not answer"):
            connection.embedder.embed_passages(["a"])
    finally:
        release.set()
        connection.embedder.close()
    assert connection.waits == [0.5]


@pytest.mark.parametrize(
    "answer",
    [
        lambda texts: (200, {}, b"<html>"),
        _data([]),
        _data([{"index": 1, "embedding": [1.0] * DIMENSIONS}]),
        _data([{"index": 0, "embedding": []}]),
        _data([{"index": 0, "embedding": [0.0] * DIMENSIONS}]),
        _data([{"index": 0, "embedding": [1.0] * (DIMENSIONS + 1)}]),
        _data([{"index": 0, "embedding": ["private words"] * DIMENSIONS}]),
    ],
    ids=["html", "none", "wrong index", "empty", "zero", "wrong length", "no numbers"],
)
def test_nonsense_is_refused(server: Server, connection: Connection, answer: Answer) -> None:
    server.answers = [answer]
    with pytest.raises(EmbeddingServerError) as caught:
        connection.embedder.embed_passages(["private words"])
    assert "private" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_absent_server_is_said_to_be_absent(server: Server) -> None:
    server.http.socket.close()
    with pytest.raises(EmbeddingServerError, match="does not answer"):
        Connection(server)
