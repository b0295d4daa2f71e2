from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from security.accounts import Accounts
from security.audit import AuditLog, AuditRecord
from security.errors import (
    Forbidden,
    InvalidCredentials,
    PasswordRefused,
    TooManyAttempts,
    Unauthenticated,
)
from security.passwords import Passwords
from security.principal import Principal, Role, Verb
from security.sessions import Sessions
from security.settings import PasswordSettings, SessionSettings
from security.sign_in import SignIn
from security.tables import BrowserSession, User
from security.throttle import SignInThrottle
from storage.database import Database

TENANT, PASSWORD, ADDRESS = "default", "correct horse battery", "127.0.0.1"
OPERATOR = Principal(TENANT, "operator", "operator", {None: Role.OWNER})


@pytest.fixture
def ada(database: Database, accounts: Accounts) -> str:
    with database.transaction() as session:
        return accounts.create_user(session, OPERATOR, "Ada", PASSWORD, Role.OWNER).id


def last_entry(database: Database, audit: AuditLog) -> AuditRecord:
    with database.reading() as session:
        return audit.entries(session, OPERATOR, limit=1)[0]


def test_the_right_password_opens_a_session(
    database: Database, sign_in: SignIn, sessions: Sessions, audit: AuditLog, ada: str
) -> None:
    started = sign_in.sign_in(TENANT, "Ada", PASSWORD, ADDRESS)
    assert started.principal.may(Verb.ADMINISTER)
    assert started.secret not in repr(started)
    with database.reading() as session:
        opened = sessions.authenticate(session, started.secret)
        row = session.scalars(select(BrowserSession)).one()
    assert opened.principal == started.principal
    assert not opened.renewal_due
    assert started.secret.encode() not in row.secret_hash
    entry = last_entry(database, audit)
    assert (entry.action, entry.actor, entry.outcome) == ("session.start", ada, "success")
    assert entry.details == {"address": ADDRESS}


@pytest.mark.parametrize(
    ("name", "password", "actor"),
    [
        ("Ada", "wrong password", "ada"),
        ("Ada", "", "ada"),
        ("Nobody", PASSWORD, "anonymous"),
        ("N\x00body", PASSWORD, "anonymous"),
        ("", "", "anonymous"),
        ("x" * 100_000, "x" * 100_000, "anonymous"),
        ("\ud800", "\ud800", "anonymous"),
    ],
)
def test_a_failure_says_nothing_and_stays_on_record(
    *,
    database: Database,
    sign_in: SignIn,
    audit: AuditLog,
    ada: str,
    name: str,
    password: str,
    actor: str,
) -> None:
    with pytest.raises(InvalidCredentials) as refused:
        sign_in.sign_in(TENANT, name, password, ADDRESS)
    assert str(refused.value) == InvalidCredentials.message
    entry = last_entry(database, audit)
    assert (entry.action, entry.outcome) == ("session.start", "failure")
    assert entry.actor == (ada if actor == "ada" else actor)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(BrowserSession)) == 0


def test_too_many_failures_pause_even_the_right_password(sign_in: SignIn, ada: str) -> None:
    for _ in range(SessionSettings().failures_per_name_max):
        with pytest.raises(InvalidCredentials):
            sign_in.sign_in(TENANT, "Ada", "wrong password", ADDRESS)
    with pytest.raises(TooManyAttempts) as refused:
        sign_in.sign_in(TENANT, "Ada", PASSWORD, ADDRESS)
    assert refused.value.retry_seconds == SessionSettings().failure_window_seconds


def test_the_idle_end_moves_with_use_up_to_the_absolute_end(
    database: Database, sign_in: SignIn, sessions: Sessions, clock: Any, ada: str
) -> None:
    started, begun = sign_in.sign_in(TENANT, "Ada", PASSWORD, ADDRESS), clock()
    for _ in range(15):
        clock.advance(hours=11)
        with database.transaction() as session:
            assert sessions.authenticate(session, started.secret).renewal_due
            until = sessions.renew(session, started.secret)
    assert until == begun + timedelta(days=7)
    clock.advance(hours=3)
    with database.transaction() as session, pytest.raises(Unauthenticated):
        sessions.renew(session, started.secret)


def test_an_unused_session_ends(
    database: Database, sign_in: SignIn, sessions: Sessions, clock: Any, ada: str
) -> None:
    started = sign_in.sign_in(TENANT, "Ada", PASSWORD, ADDRESS)
    clock.advance(hours=12)
    with database.reading() as session, pytest.raises(Unauthenticated):
        sessions.authenticate(session, started.secret)
    sign_in.sign_in(TENANT, "Ada", PASSWORD, ADDRESS)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(BrowserSession)) == 1


def test_signing_out_ends_one_session_once(
    database: Database, sign_in: SignIn, sessions: Sessions, audit: AuditLog, ada: str
) -> None:
    one, other = (sign_in.sign_in(TENANT, "Ada", PASSWORD, ADDRESS) for _ in range(2))
    with database.transaction() as session:
        sessions.end(session, one.secret)
        sessions.end(session, one.secret)
        sessions.end(session, "unknown")
    with database.reading() as session:
        with pytest.raises(Unauthenticated):
            sessions.authenticate(session, one.secret)
        sessions.authenticate(session, other.secret)
        actions = [entry.action for entry in audit.entries(session, OPERATOR)]
    assert actions.count("session.end") == 1


def test_a_new_password_ends_all_other_sessions(
    database: Database, sign_in: SignIn, sessions: Sessions, audit: AuditLog, ada: str
) -> None:
    old = sign_in.sign_in(TENANT, "Ada", PASSWORD, ADDRESS)
    new = sign_in.change_password(old.principal, PASSWORD, PASSWORD + "!", ADDRESS)
    with database.reading() as session:
        with pytest.raises(Unauthenticated):
            sessions.authenticate(session, old.secret)
        sessions.authenticate(session, new.secret)
    assert last_entry(database, audit).action == "user.change_password"
    with pytest.raises(InvalidCredentials):
        sign_in.sign_in(TENANT, "Ada", PASSWORD, ADDRESS)
    sign_in.sign_in(TENANT, "Ada", PASSWORD + "!", ADDRESS)


def test_changing_needs_the_current_password_and_a_good_new_one(
    database: Database, sign_in: SignIn, sessions: Sessions, audit: AuditLog, ada: str
) -> None:
    started = sign_in.sign_in(TENANT, "Ada", PASSWORD, ADDRESS)
    with pytest.raises(InvalidCredentials):
        sign_in.change_password(started.principal, "wrong password", PASSWORD + "!", ADDRESS)
    entry = last_entry(database, audit)
    assert (entry.action, entry.outcome) == ("user.change_password", "failure")
    with pytest.raises(PasswordRefused):
        sign_in.change_password(started.principal, PASSWORD, "short", ADDRESS)
    with database.reading() as session:
        sessions.authenticate(session, started.secret)


def test_a_token_does_not_become_a_session(sign_in: SignIn, ada: str) -> None:
    principal = sign_in.sign_in(TENANT, "Ada", PASSWORD, ADDRESS).principal
    token = replace(principal, scopes=frozenset(Verb))
    with pytest.raises(Forbidden):
        sign_in.change_password(token, PASSWORD, PASSWORD + "!", ADDRESS)


def test_a_hash_with_old_costs_is_renewed_at_sign_in(
    database: Database,
    sessions: Sessions,
    audit: AuditLog,
    clock: Any,
    ada: str,
) -> None:
    stronger = Passwords(PasswordSettings(memory_kib=16, passes=1, lanes=1))
    throttle = SignInThrottle(SessionSettings(), clock)
    SignIn(database, stronger, sessions, throttle, audit).sign_in(TENANT, "Ada", PASSWORD, ADDRESS)
    with database.reading() as session:
        stored = session.scalars(select(User.password_hash)).one()
    assert "m=16" in stored
    assert stronger.verify(stored, PASSWORD)


def test_a_password_that_changes_while_it_is_checked_no_longer_signs_in(
    *,
    database: Database,
    accounts: Accounts,
    passwords: Passwords,
    sign_in: SignIn,
    ada: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verify: Callable[[str | None, str], bool] = passwords.verify

    def overtaken(stored: str | None, password: str) -> bool:
        matches = verify(stored, password)
        with database.transaction() as session:
            accounts.set_password(session, OPERATOR, ada, PASSWORD + "!")
        return matches

    monkeypatch.setattr(passwords, "verify", overtaken)
    with pytest.raises(InvalidCredentials):
        sign_in.sign_in(TENANT, "Ada", PASSWORD, ADDRESS)
