"""The product as tests start and use it: `sourcebook serve`, and clients of it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ADMIN_PASSWORD = "a long password for tests"
START_SECONDS_MAX = 180
DOCUMENT_SECONDS_MAX = 120
_SETTINGS = {key for key in os.environ if key.startswith("SOURCEBOOK_")}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Server:
    """A running product: `sourcebook serve` in a process group of its own, on real weights."""

    url: str
    data: Path
    log: Path
    process: subprocess.Popen[bytes]
    clients: ExitStack

    def browser(self) -> httpx.Client:
        """Return a client that behaves like our page: same origin, cookies kept."""
        return self._client({"Origin": self.url})

    def signed_in(self, name: str = "admin", password: str = ADMIN_PASSWORD) -> httpx.Client:
        """Return such a client with a session."""
        client = self.browser()
        form = {"name": name, "password": password}
        client.post("/v1/session", json=form).raise_for_status()
        return client

    def with_token(self, scopes: Sequence[str], client: httpx.Client | None = None) -> httpx.Client:
        """Return a client with a new access token of the admin, or of `client`'s person."""
        owner = client or self.signed_in()
        wanted = {"name": "test", "scopes": list(scopes), "expires_in_days": 1}
        token = owner.post("/v1/tokens", json=wanted).raise_for_status().json()["token"]
        return self._client({"Authorization": f"Bearer {token}"})

    def _client(self, headers: dict[str, str]) -> httpx.Client:
        client = httpx.Client(base_url=self.url, headers=headers, timeout=120)
        self.clients.enter_context(client)
        return client

    def upload(
        self, client: httpx.Client, collection: str, name: str, content: bytes
    ) -> httpx.Response:
        """Send a file as a form would."""
        files = {"file": (name, content)}
        return client.post("/v1/documents", data={"collection": collection}, files=files)

    def wait_for(self, client: httpx.Client, document_id: str) -> dict[str, Any]:
        """Follow a document until it is ready or has failed."""
        deadline = time.monotonic() + DOCUMENT_SECONDS_MAX
        document: dict[str, Any] = {}
        while time.monotonic() < deadline:
            document = client.get(f"/v1/documents/{document_id}").raise_for_status().json()
            if document["status"] in {"ready", "failed"}:
                return document
            time.sleep(0.1)
        pytest.fail(f"still {document['status']} in stage {document['stage']}")

    def ready(self, client: httpx.Client, collection: str, name: str, text: str) -> str:
        """Upload a text and wait until it is ready; return the document's id."""
        uploaded = self.upload(client, collection, name, text.encode()).raise_for_status().json()
        document = self.wait_for(client, uploaded["id"])
        assert document["status"] == "ready", document
        return str(document["id"])


def model_folder() -> Path:
    """Return where real weights are kept between test runs."""
    return Path(os.environ.get("SOURCEBOOK_MODELS") or Path.home() / ".cache/sourcebook/models")


@contextmanager
def serving(data: Path, log: Path, **settings: str) -> Iterator[Server]:
    """Start the product on `data` and wait until it is ready; stop it at the end."""
    port = int(settings.get("SOURCEBOOK_PORT") or free_port())
    temporary = data.with_name(f"{data.name}-tmp")
    temporary.mkdir(parents=True, exist_ok=True)
    environment = {key: value for key, value in os.environ.items() if key not in _SETTINGS}
    environment |= {
        "SOURCEBOOK_DATA": str(data),
        "SOURCEBOOK_MODELS": str(model_folder()),
        "SOURCEBOOK_PORT": str(port),
        "SOURCEBOOK_ADMIN_PASSWORD": ADMIN_PASSWORD,
        "SOURCEBOOK_LOG_LEVEL": "debug",
        "TMPDIR": str(temporary),
        "SOURCEBOOK_SECURITY__RATES__REQUESTS_PER_MINUTE_PER_USER": "1000000",
        "SOURCEBOOK_SECURITY__RATES__REQUESTS_PER_MINUTE_PER_TENANT": "1000000",
        **settings,
    }
    command = [sys.executable, "-m", "api.cli", "serve"]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
    clients = ExitStack()
    server = Server(f"http://127.0.0.1:{port}", data, log, process, clients)
    try:
        _wait_until_ready(server)
        with clients:
            yield server
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        with suppress(httpx.TransportError):
            if httpx.get(f"{server.url}/readyz", timeout=5).is_success:
                return
        time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{server.log.read_text()[-4000:]}")
