"""What PostgreSQL does in its own way: triggers, row locks, bytes, time zones, odd text."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from security.access_tokens import AccessTokens
from security.accounts import Accounts, principal_of
from security.audit import AuditLog
from security.errors import InvalidCredentials, KeyDestroyed, LastOwner, NameTaken
from security.grants import Grants
from security.keyring import KeyRing
from security.places import Place
from security.principal import Principal, Role, Verb
from security.sessions import Sessions
from security.sign_in import SignIn
from security.tables import Tenant
from storage.database import Base, Database

TENANT, PASSWORD, ADDRESS = "default", "correct horse battery", "127.0.0.1"
OPERATOR = Principal(TENANT, "operator", "operator", {None: Role.OWNER})


@pytest.fixture
def database(
    postgres_url: str, keyring: KeyRing, clock: Callable[[], datetime]
) -> Iterator[Database]:
    database = Database(postgres_url)
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(Tenant(id=TENANT, name="Default", created_at=clock()))
        keyring.create_tenant(session, TENANT)
    yield database
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'nobody'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "TRUNCATE audit_entries CASCADE",
        "INSERT INTO audit_entries SELECT * FROM audit_entries"
        " ON CONFLICT (id) DO UPDATE SET actor = 'nobody'",
    ],
)
def test_the_database_refuses_to_change_entries(
    database: Database, audit: AuditLog, statement: str
) -> None:
    with database.transaction() as session:
        audit.record(session, TENANT, "u1", "document.create", "d1", details={"name": "Täst"})
        before = audit.entries(session, OPERATOR)
    with (
        pytest.raises(DBAPIError, match=r"only grows|foreign key"),
        database.transaction() as session,
    ):
        session.execute(text(statement))
    with database.reading() as session:
        assert audit.entries(session, OPERATOR) == before


def test_two_owners_who_demote_each_other_leave_one(
    database: Database, accounts: Accounts, grants: Grants
) -> None:
    with database.transaction() as session:
        ids = [
            accounts.create_user(session, OPERATOR, name, PASSWORD, Role.OWNER).id
            for name in ("Ada", "Bob")
        ]
    ready, refused = threading.Barrier(2, timeout=10), []

    def demote(user_id: str) -> None:
        try:
            with database.transaction() as session:
                session.execute(text("SELECT 1"))  # both transactions are open
                ready.wait()
                grants.set(session, OPERATOR, user_id, None, Role.EDITOR)
        except LastOwner:
            refused.append(user_id)

    threads = [threading.Thread(target=demote, args=(user_id,)) for user_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    with database.reading() as session:
        roles = [account.role for account in accounts.users(session, OPERATOR)]
    assert sorted(roles) == [Role.EDITOR, Role.OWNER]
    assert len(refused) == 1


def test_people_sign_in_and_use_tokens(
    database: Database,
    accounts: Accounts,
    access_tokens: AccessTokens,
    sessions: Sessions,
    sign_in: SignIn,
) -> None:
    with database.transaction() as session:
        accounts.create_user(session, OPERATOR, "张伟", PASSWORD, Role.READER)
    with pytest.raises(NameTaken), database.transaction() as session:
        accounts.create_user(session, OPERATOR, "张伟", PASSWORD, None)
    for name in ("N\x00body", "\ud800", "Nobody"):
        with pytest.raises(InvalidCredentials):
            sign_in.sign_in(TENANT, name, PASSWORD, ADDRESS)
    started = sign_in.sign_in(TENANT, "张伟", PASSWORD, ADDRESS)
    with database.transaction() as session:
        principal = sessions.authenticate(session, started.secret).principal
        token = access_tokens.create(session, principal, "cli", [Verb.READ], 1).token
        assert access_tokens.authenticate(session, token).verbs() == {Verb.READ}
        assert principal_of(session, principal.user_id) == principal
        sessions.end(session, started.secret)


def test_keys_survive_storage_and_their_destruction_is_seen(
    database: Database, keyring: KeyRing
) -> None:
    place = Place("chunks", "d.1", "body")
    with database.transaction() as session:
        sealed = keyring.create(session, TENANT, "document:a").seal(place, b"text")
    with database.transaction() as session:
        assert keyring.cipher(session, TENANT, "document:a").open(place, sealed) == b"text"
        keyring.destroy(session, TENANT, "document:a")
    with database.reading() as session, pytest.raises(KeyDestroyed):
        keyring.cipher(session, TENANT, "document:a")
