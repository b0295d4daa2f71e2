"""The web application without models, on a real port, with a clock that tests may put forward."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import httpx
import uvicorn

from api.app import create_app
from api.first_start import prepare
from api.settings import Settings
from api.wiring import key_provider, open_database, tenant_id_of, utc_now
from security.access_tokens import AccessTokens
from security.accounts import Accounts
from security.audit import AuditLog, AuditRecord
from security.keyring import KeyRing
from security.oidc.wiring import build_oidc
from security.passwords import Passwords
from security.principal import Principal, Role
from security.sessions import Sessions
from security.sign_in import SignIn
from security.throttle import SignInThrottle
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
    state: Any
    clients: list[httpx.Client] = field(default_factory=list)

    @property
    def database(self) -> Database:
        database: Database = self.state.database
        return database

    def browser(self, **headers: str) -> httpx.Client:
        """Return a client that behaves like our page: same origin, cookies kept."""
        headers = {"Origin": self.url, **headers}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=30)
        self.clients.append(client)
        return client

    def begin(self, browser: httpx.Client, provider: str, next_page: str = "/") -> str:
        """Begin a sign-in as the page does; return where the browser goes."""
        answer = browser.post(f"/v1/sign-in/{provider}", json={"next": next_page})
        return str(answer.raise_for_status().json()["url"])

    def entries(self, limit: int = 20) -> list[AuditRecord]:
        """Return the newest entries of the audit log."""
        auditor = Principal(self.state.tenant_id, "auditor", "auditor", {None: Role.AUDITOR})
        with self.database.reading(self.state.tenant_id) as session:
            found: list[AuditRecord] = self.state.audit.entries(session, auditor, limit=limit)
        return found


@contextmanager
def running_product(
    data: Path, port: int, providers: Sequence[Mapping[str, Any]], **oidc: Any
) -> Iterator[Product]:
    """Serve the application on `port`; it may call the providers' issuers."""
    origins = [provider["issuer"] for provider in providers]
    security = {
        "passwords": {"memory_kib": 8, "passes": 1, "lanes": 1},
        "outbound": {"internal_origins": origins},
        "oidc": {"providers": providers, **oidc},
    }
    settings = Settings(data=data, port=port, admin_password=PASSWORD, security=security)  # type: ignore[arg-type]
    prepare(settings, lambda: None)
    clock = Clock()
    state = _state(settings, clock)
    app = create_app(settings, lambda _metrics: state)
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, log_level="warning", lifespan="on", ws="none")
    )
    thread = Thread(target=server.run)
    thread.start()
    product = Product(settings.base_url, clock, state)
    try:
        while not server.started and thread.is_alive():
            thread.join(0.01)
        yield product
    finally:
        for client in product.clients:
            client.close()
        server.should_exit = True
        thread.join()


def _state(settings: Settings, clock: Clock) -> Any:
    database = open_database(settings)
    with database.reading() as session:
        tenant_id = tenant_id_of(session)
    keyring = KeyRing(key_provider(settings), clock)
    audit = AuditLog(keyring, clock)
    sessions = Sessions(settings.security.sessions, audit, clock)
    throttle = SignInThrottle(settings.security.sessions, clock)
    passwords = Passwords(settings.security.passwords)
    return SimpleNamespace(
        settings=settings,
        tenant_id=tenant_id,
        clock=clock,
        database=database,
        keyring=keyring,
        audit=audit,
        accounts=Accounts(passwords, audit, clock),
        sessions=sessions,
        sign_in=SignIn(database, passwords, sessions, throttle, audit),
        oidc=build_oidc(
            settings.security, database, keyring, sessions=sessions, audit=audit, clock=clock
        ),
        tokens=AccessTokens(settings.security.access_tokens, audit, clock),
        index=SimpleNamespace(close=lambda: None),
        embedder=SimpleNamespace(name="none"),
        generator=SimpleNamespace(name="none", close=lambda: None),
    )
