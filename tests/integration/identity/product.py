"""The web application without models, on a real port, with a clock that tests may put forward."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock, patch

import httpx
import uvicorn

from api.app import create_app
from api.first_start import prepare
from api.observability.metrics import Metrics
from api.settings import Settings
from api.state import State
from api.wiring import build_state, utc_now
from security.audit import AuditRecord
from security.principal import Principal, Role
from storage.database import Database

PASSWORD = "a long password for tests"


@dataclass
class Clock:
    """The real time, put forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def advance(self, **delta: float) -> None:
        self.ahead += timedelta(**delta)


@dataclass
class Product:
    """A running application."""

    url: str
    clock: Clock
    state: State
    clients: ExitStack

    @property
    def database(self) -> Database:
        return self.state.database

    def browser(self, **headers: str) -> httpx.Client:
        """Return a client that behaves like our page: same origin, cookies kept."""
        headers = {"Origin": self.url, **headers}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=30)
        self.clients.enter_context(client)
        return client

    def begin(self, browser: httpx.Client, provider: str, next_page: str = "/") -> str:
        """Begin a sign-in as the page does; return where the browser goes."""
        answer = browser.post(f"/v1/sign-in/{provider}", json={"next": next_page})
        return str(answer.raise_for_status().json()["url"])

    def entries(self, limit: int = 20) -> list[AuditRecord]:
        """Return the newest entries of the audit log."""
        auditor = Principal(self.state.tenant_id, "auditor", "auditor", {None: Role.AUDITOR})
        with self.database.reading(self.state.tenant_id) as session:
            found = self.state.audit.entries(session, auditor, limit=2 * limit + 10)
        # A refused request is on record by its route, too.
        return [entry for entry in found if " /" not in entry.action][:limit]


@contextmanager
def running_product(
    data: Path,
    port: int,
    providers: Sequence[Mapping[str, Any]],
    database_url: str | None = None,
) -> Iterator[Product]:
    """Serve the application on `port`; it may call the providers' issuers."""
    origins = [provider["issuer"] for provider in providers]
    security = {
        "passwords": {"memory_kib": 8, "passes": 1, "lanes": 1},
        "outbound": {"internal_origins": origins},
        "oidc": {"providers": providers},
    }
    settings = Settings(
        data=data,
        port=port,
        admin_password=PASSWORD,  # type: ignore[arg-type] - pydantic makes it a secret
        security=security,  # type: ignore[arg-type] - and these sections
        storage={"database_url": database_url},  # type: ignore[arg-type]
    )
    prepare(settings, lambda: None)
    clock = Clock()
    app = create_app(settings, _no_models(settings, clock))
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, log_level="warning", lifespan="on", ws="none")
    )
    thread = Thread(target=server.run)
    thread.start()
    clients = ExitStack()
    try:
        while not server.started and thread.is_alive():
            thread.join(0.01)
        with clients:
            yield Product(settings.base_url, clock, app.state.sourcebook, clients)
    finally:
        server.should_exit = True
        thread.join()


def _no_models(settings: Settings, clock: Clock) -> Callable[[Metrics], State]:
    """Build the product's own state around models that nobody asks."""
    generator = Mock()
    generator.name = "none"
    embedder = SimpleNamespace(name="none", dimensions=8)

    def build(metrics: Metrics) -> State:
        with patch("api.wiring.create_embedder", lambda _settings: embedder):
            return build_state(settings, generator, metrics, clock)

    return build
