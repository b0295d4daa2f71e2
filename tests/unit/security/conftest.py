"""A tenant with keys in a fresh SQLite database, a clock that stands still, cheap hashing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from security.access_tokens import AccessTokens
from security.accounts import Accounts
from security.audit import AuditLog
from security.grants import Grants
from security.keyring import KeyRing
from security.keys import FileKeyProvider
from security.passwords import Passwords
from security.sessions import Sessions
from security.settings import AccessTokenSettings, PasswordSettings, SessionSettings
from security.sign_in import SignIn
from security.tables import Tenant
from security.throttle import SignInThrottle
from storage.database import Base, Database

TENANT = "default"


class Clock:
    """Stands still until told otherwise."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def provider(tmp_path: Path) -> FileKeyProvider:
    return FileKeyProvider.create(tmp_path / "kek")


@pytest.fixture
def keyring(provider: FileKeyProvider, clock: Clock) -> KeyRing:
    return KeyRing(provider, clock)


@pytest.fixture
def database(tmp_path: Path, keyring: KeyRing, clock: Clock) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'sourcebook.db'}")
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(Tenant(id=TENANT, name="Default", created_at=clock()))
        keyring.create_tenant(session, TENANT)
    yield database
    database.close()


@pytest.fixture
def audit(keyring: KeyRing, clock: Clock) -> AuditLog:
    return AuditLog(keyring, clock)


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(PasswordSettings(memory_kib=8, passes=1, lanes=1))


@pytest.fixture
def accounts(passwords: Passwords, audit: AuditLog, clock: Clock) -> Accounts:
    return Accounts(passwords, audit, clock)


@pytest.fixture
def grants(audit: AuditLog, clock: Clock) -> Grants:
    return Grants(audit, clock)


@pytest.fixture
def sessions(audit: AuditLog, clock: Clock) -> Sessions:
    return Sessions(SessionSettings(), audit, clock)


@pytest.fixture
def sign_in(
    database: Database, passwords: Passwords, sessions: Sessions, audit: AuditLog, clock: Clock
) -> SignIn:
    throttle = SignInThrottle(SessionSettings(), clock)
    return SignIn(database, passwords, sessions, throttle, audit)


@pytest.fixture
def access_tokens(audit: AuditLog, clock: Clock) -> AccessTokens:
    return AccessTokens(AccessTokenSettings(), audit, clock)
