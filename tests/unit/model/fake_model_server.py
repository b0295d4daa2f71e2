"""A model server for tests: speaks OpenAI's API over a real socket, and fails as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from model.backends.port import GenerationRequest, Generator, Message

KEY = "a-key-for-tests"
MODEL = "tiny"


class Call(BaseHTTPRequestHandler):
    """One request; a `Behaviour` answers it."""

    server: "FakeModelServer"  # type: ignore[assignment]

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, body: dict[str, Any]) -> None:
        self.body = body
        self.server.calls.append(self)
        behave = self.server.behaviours.get(self.path, Call.no_such_path)
        try:
            behave(self)
        except (BrokenPipeError, ConnectionResetError):
            self.server.hung_up.set()

    def no_such_path(self) -> None:
        self.send_json({"error": {"message": "not found"}}, 404)

    def send_json(self, body: object, status: int = 200, **headers: str) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()

    def send_event(self, event: object) -> None:
        self.send_line(f"data: {event if isinstance(event, str) else json.dumps(event)}\n")

    def send_line(self, line: str) -> None:
        self.wfile.write(f"{line}\n".encode())
        self.wfile.flush()

    def send_text(self, text: str, finish_reason: str | None = None) -> None:
        self.send_event({"choices": [{"delta": {"content": text}, "finish_reason": finish_reason}]})

    def send_answer(self, *texts: str) -> None:
        """Send a whole answer, without counts."""
        self.begin_stream()
        for text in texts:
            self.send_text(text)
        self.send_text("", "stop")
        self.send_event("[DONE]")

    def wait_until_hung_up(self) -> None:
        """Say nothing until the other side has closed the connection."""
        if not self.connection.recv(1):
            self.server.hung_up.set()

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


Behaviour = Callable[[Call], None]


class FakeModelServer(ThreadingHTTPServer):
    """Listens on a free port of this machine."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Call)
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        self.behaviours: dict[str, Behaviour] = {}
        self.calls: list[Call] = []
        self.hung_up = threading.Event()

    def answers(self, *behaviours: Behaviour) -> None:
        """Let each further question for an answer be treated by the next one, then by the last."""
        left = list(behaviours)

        def behave(call: Call) -> None:
            (left.pop(0) if len(left) > 1 else left[0])(call)

        self.behaviours["/v1/chat/completions"] = behave

    @property
    def asked(self) -> list[Call]:
        """List the questions for an answer."""
        return [call for call in self.calls if call.path == "/v1/chat/completions"]

    def handle_error(self, *_: object) -> None:
        """A client that goes away is no error here."""


@contextmanager
def running() -> Iterator[FakeModelServer]:
    server = FakeModelServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def serve(server: FakeModelServer, generator: Generator) -> None:
    """Let the server answer with a generator, as vLLM would."""

    def complete(call: Call) -> None:
        body = call.body
        request = GenerationRequest(
            [Message(**message) for message in body["messages"]],
            new_tokens_max=body["max_tokens"],
            temperature=body["temperature"],
            seed=body["seed"],
            stop=body.get("stop", ()),
        )
        call.begin_stream()
        for piece in generator.generate(request):
            if piece.text or piece.finish_reason:
                call.send_text(piece.text, piece.finish_reason)
            usage = {
                "prompt_tokens": piece.prompt_tokens,
                "completion_tokens": piece.completion_tokens,
            }
        call.send_event({"choices": [], "usage": usage})
        call.send_event("[DONE]")

    def models(call: Call) -> None:
        model = {"id": MODEL, "max_model_len": generator.context_tokens_max}
        call.send_json({"object": "list", "data": [model]})

    def tokenize(call: Call) -> None:
        count = generator.count_tokens(call.body["prompt"])
        call.send_json({"count": count, "tokens": [0] * count})

    server.answers(complete)
    server.behaviours |= {"/v1/models": models, "/tokenize": tokenize}
