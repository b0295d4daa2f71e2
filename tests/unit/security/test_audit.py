from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from security.audit import AuditLog
from security.audit.tables import AuditEntry
from security.errors import DecryptionFailed, Forbidden
from security.keyring import KeyRing
from security.principal import Principal, Role
from security.tables import Tenant
from storage.database import Database

TENANT = "default"
AUDITOR = Principal(TENANT, "operator", "operator", {None: Role.OWNER})


def fill(database: Database, audit: AuditLog, count: int) -> None:
    with database.transaction() as session:
        for number in range(count):
            audit.record(
                session, TENANT, "u1", "document.create", f"d{number}", details={"name": "Täst"}
            )


def test_entries_come_back_newest_first_and_in_pages(database: Database, audit: AuditLog) -> None:
    fill(database, audit, 5)
    with database.reading() as session:
        first = audit.entries(session, AUDITOR, limit=3)
        second = audit.entries(session, AUDITOR, before=first[-1].sequence, limit=3)
    assert [entry.target for entry in [*first, *second]] == ["d4", "d3", "d2", "d1", "d0"]
    assert first[0].details == {"name": "Täst"}
    assert first[0].outcome == "success"


def test_details_are_sealed_and_bound_to_their_entry(database: Database, audit: AuditLog) -> None:
    fill(database, audit, 2)
    with database.transaction() as session:
        one, other = session.query(AuditEntry).all()
        assert "Täst".encode() not in one.body
        session.execute(text("DROP TRIGGER audit_entries_refuse_update"))
        one.body = other.body
    with database.reading() as session, pytest.raises(DecryptionFailed):
        audit.entries(session, AUDITOR)


def test_a_change_that_is_rolled_back_leaves_no_entry(database: Database, audit: AuditLog) -> None:
    with database.reading() as session:  # rolls back
        audit.record(session, TENANT, "u1", "document.create", "d1")
    with database.reading() as session:
        assert audit.entries(session, AUDITOR) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'nobody'",
        "DELETE FROM audit_entries",
        "DELETE FROM audit_entries WHERE sequence = 1",
        "INSERT OR REPLACE INTO audit_entries SELECT sequence, id, tenant_id, at, 'nobody', action,"
        " target, outcome, body FROM audit_entries",
        "REPLACE INTO audit_entries SELECT 99, id, tenant_id, at, 'nobody', action,"
        " target, outcome, body FROM audit_entries",
    ],
)
def test_the_database_refuses_to_change_entries(
    database: Database, audit: AuditLog, statement: str
) -> None:
    fill(database, audit, 2)
    with database.reading() as session:
        before = audit.entries(session, AUDITOR)
    with pytest.raises(DBAPIError, match="only grows"), database.transaction() as session:
        session.execute(text(statement))
    with database.reading() as session:
        assert audit.entries(session, AUDITOR) == before


def test_reading_takes_the_right_to_audit(database: Database, audit: AuditLog) -> None:
    editor = Principal(TENANT, "u1", "n", {None: Role.EDITOR})
    of_a_collection = Principal(TENANT, "u1", "n", {"c1": Role.OWNER})
    with database.reading() as session:
        for principal in (editor, of_a_collection):
            with pytest.raises(Forbidden):
                audit.entries(session, principal)


def test_an_auditor_sees_their_own_tenant_only(
    database: Database, audit: AuditLog, keyring: KeyRing, clock: Callable[[], datetime]
) -> None:
    fill(database, audit, 1)
    with database.transaction() as session:
        session.add(Tenant(id="other", name="Other", created_at=clock()))
        keyring.create_tenant(session, "other")
        audit.record(session, "other", "u2", "session.start", None)
        theirs = audit.entries(
            session, Principal("other", "operator", "operator", {None: Role.OWNER})
        )
        mine = audit.entries(session, AUDITOR)
    assert [entry.actor for entry in theirs] == ["u2"]
    assert [entry.actor for entry in mine] == ["u1"]
