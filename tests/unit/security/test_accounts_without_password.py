"""People who sign in through a provider only: a password never lets them in."""

from datetime import datetime

import pytest
from sqlalchemy.exc import IntegrityError

from security.accounts import Accounts
from security.audit import AuditLog
from security.errors import InvalidCredentials, NoPassword
from security.passwords import Passwords
from security.principal import Principal, Role
from security.sign_in import SignIn
from security.tables import Identity, User
from storage.database import Database

TENANT = "default"
OPERATOR = Principal(TENANT, "operator", "operator", {None: Role.OWNER})


@pytest.fixture
def grace(database: Database, clock: object) -> str:
    now = clock()  # type: ignore[operator]
    with database.transaction() as session:
        session.add(User(id="grace", tenant_id=TENANT, name="Grace", created_at=now))
        session.flush()
        session.add(identity("https://idp.example", "42", now))
    return "grace"


def identity(issuer: str, subject: str, now: datetime) -> Identity:
    return Identity(
        tenant_id=TENANT, issuer=issuer, subject=subject, user_id="grace", created_at=now
    )


@pytest.mark.parametrize("password", ["", "None", "any password at all"])
def test_no_password_signs_them_in(
    database: Database, sign_in: SignIn, audit: AuditLog, grace: str, password: str
) -> None:
    with pytest.raises(InvalidCredentials):
        sign_in.sign_in(TENANT, "Grace", password, "127.0.0.1")
    with database.reading() as session:
        entry = audit.entries(session, OPERATOR, limit=1)[0]
    assert (entry.actor, entry.outcome) == (grace, "failure")


def test_refusing_them_costs_one_hash_as_for_anyone(
    sign_in: SignIn, passwords: Passwords, grace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str | None] = []

    def watch(stored: str | None, password: str) -> bool:
        verified.append(stored)
        return Passwords.verify(passwords, stored, password)

    monkeypatch.setattr(passwords, "verify", watch)
    for name in ("Grace", "Nobody"):
        with pytest.raises(InvalidCredentials):
            sign_in.sign_in(TENANT, name, "any password at all", "127.0.0.1")
    assert verified == [None, None]


def test_nobody_gives_them_a_password(database: Database, accounts: Accounts, grace: str) -> None:
    with database.transaction() as session, pytest.raises(NoPassword):
        accounts.set_password(session, OPERATOR, grace, "a password that is fine")


def test_an_identity_belongs_to_one_person(database: Database, clock: object, grace: str) -> None:
    now = clock()  # type: ignore[operator]
    with database.transaction() as session:
        session.add(identity("https://other.example", "42", now))
        session.add(identity("https://idp.example", "43", now))
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.add(identity("https://idp.example", "42", now))
