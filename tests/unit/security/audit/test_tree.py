"""Leaves in the database: one for each committed entry, in order, without gaps."""

import threading
from hashlib import sha256

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from security.audit import AuditLog
from security.audit.merkle import Frontier, hash_leaf, root_of
from security.audit.tables import AuditEntry
from security.audit.tree import frontier_of, nodes_of
from security.errors import AuditUnavailable
from security.keyring import KeyRing
from security.tables import Tenant
from storage.database import Base, Database

TENANT, ANA = "default", "a" * 32


@pytest.fixture
def leaves(database: Database):
    def read(tenant_id: str = TENANT) -> list[tuple[int, bytes, bytes]]:
        query = text(
            "SELECT leaf_index, body, hashes FROM audit_leaves JOIN audit_entries"
            " USING (sequence) WHERE audit_leaves.tenant_id = :tenant ORDER BY leaf_index"
        )
        with database.reading() as session:
            return [tuple(row) for row in session.execute(query, {"tenant": tenant_id})]

    return read


def record(audit: AuditLog, session, number: int = 0, tenant_id: str = TENANT) -> None:
    audit.record(session, tenant_id, ANA, "document.open", f"d{number}")


def test_each_entry_is_the_next_leaf(database: Database, audit: AuditLog, leaves) -> None:
    for number in range(9):
        with database.transaction() as session:
            record(audit, session, number)
            record(audit, session, number)
    found, tree = leaves(), Frontier()
    assert [index for index, _, _ in found] == list(range(18))
    for _, body, hashes in found:
        tree, completed = tree.append(sha256(b"\0" + body).digest())
        assert hashes == b"".join(completed)
    with database.reading() as session:
        assert frontier_of(session, TENANT) == tree
        assert root_of(nodes_of(session, TENANT), 0, 18) == tree.root()


def test_what_is_rolled_back_leaves_no_leaf(database: Database, audit: AuditLog, leaves) -> None:
    with pytest.raises(LookupError), database.transaction() as session:
        record(audit, session)
        raise LookupError
    with database.transaction() as session:
        record(audit, session, 1)
        with pytest.raises(LookupError), session.begin_nested():
            record(audit, session, 2)
            raise LookupError
        with session.begin_nested():
            record(audit, session, 3)
    assert [
        b'"d%d"' % number in body for number, (_, body, _) in zip((1, 3), leaves(), strict=True)
    ]


def test_every_tenant_has_a_tree_of_its_own(
    database: Database, audit: AuditLog, keyring: KeyRing, clock, leaves
) -> None:
    with database.transaction() as session:
        session.add(Tenant(id="other", name="Other", created_at=clock()))
        keyring.create_tenant(session, "other")
    with database.transaction() as session:
        for number in range(4):
            record(audit, session, number, "other" if number % 2 else TENANT)
    assert [index for index, _, _ in leaves()] == [0, 1]
    assert [index for index, _, _ in leaves("other")] == [0, 1]


def test_writers_at_once_leave_no_gap(database: Database, audit: AuditLog, leaves) -> None:
    together = threading.Barrier(6)

    def write(writer: int) -> None:
        together.wait()
        for number in range(8):
            with database.transaction() as session:
                record(audit, session, writer * 100 + number)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = leaves()
    assert [index for index, _, _ in found] == list(range(48))
    tree = Frontier()
    for _, body, hashes in found:
        tree, completed = tree.append(hash_leaf(body))
        assert hashes == b"".join(completed)


def test_a_long_transaction_does_not_keep_others_from_writing(
    postgres_url: str, audit: AuditLog, keyring: KeyRing, clock
) -> None:
    """The tree is locked at the commit only: what is recorded early waits for nobody."""
    database = Database(postgres_url)
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(Tenant(id=TENANT, name="Default", created_at=clock()))
        keyring.create_tenant(session, TENANT)
    with database.transaction() as slow:
        record(audit, slow, 1)
        with database.transaction() as quick:
            quick.execute(text("SET LOCAL lock_timeout = '5s'"))
            record(audit, quick, 2)
    with database.reading() as session:
        order = session.scalars(
            text(
                "SELECT target FROM audit_leaves JOIN audit_entries USING (sequence)"
                " ORDER BY leaf_index"
            )
        ).all()
    assert order == ["d2", "d1"]
    database.close()


@pytest.mark.parametrize("table", ["audit_entries", "audit_leaves", "audit_heads"])
def test_what_cannot_be_recorded_does_not_happen(
    database: Database, audit: AuditLog, table: str
) -> None:
    with database.transaction() as session:
        record(audit, session)
    refuse_writes(database, table)
    with pytest.raises(AuditUnavailable), database.transaction() as session:
        session.execute(text("UPDATE tenants SET name = 'changed'"))
        record(audit, session)
    with database.reading() as session:
        assert session.scalar(text("SELECT name FROM tenants")) == "Default"
        assert session.query(AuditEntry).count() == 1


def test_the_database_refuses_to_change_leaves(database: Database, audit: AuditLog) -> None:
    with database.transaction() as session:
        record(audit, session)
    for change in ("UPDATE audit_leaves SET leaf_index = 7", "DELETE FROM audit_leaves"):
        with pytest.raises(DBAPIError, match="only grows"), database.transaction() as session:
            session.execute(text(change))


def refuse_writes(database: Database, table: str) -> None:
    """Make the database itself refuse, as a full or broken one does."""
    with database.transaction() as session:
        if not database.is_postgresql:
            for change in ("INSERT", "UPDATE"):
                session.execute(
                    text(
                        f"CREATE TRIGGER broken_{change} BEFORE {change} ON {table}"
                        " BEGIN SELECT RAISE(ABORT, 'broken'); END"
                    )
                )
            return
        session.execute(
            text(
                "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'broken'; END $$"
            )
        )
        session.execute(
            text(
                f"CREATE TRIGGER broken BEFORE INSERT OR UPDATE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION broken()"
            )
        )
