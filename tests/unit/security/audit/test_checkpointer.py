"""When a checkpoint is made, where it goes, and what is never signed."""

from pathlib import Path

import pytest
from sqlalchemy import text

from security.audit import AuditLog
from security.audit.checkpoint import open_note, read_notes
from security.audit.checkpointer import Checkpointer, last_checkpoint
from security.audit.export import log_line, read_log
from security.audit.log import person_owner
from security.audit.places.file import CheckpointFile
from security.audit.reading import AuditReader, EntryFilter
from security.audit.signing import signer_of
from security.audit.verification import Report, verify
from security.audit_settings import AuditSettings
from security.errors import AuditForked, CheckpointNotKept
from security.keyring import KeyRing
from security.principal import Principal, Role
from security.tables import Tenant
from storage.database import Database

TENANT, ANA = "default", "a" * 32
AUDITOR = Principal(TENANT, "c" * 32, "auditor", {None: Role.AUDITOR})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints"


@pytest.fixture
def failures() -> list[Exception]:
    return []


@pytest.fixture
def checkpointer(database: Database, keyring: KeyRing, clock, file: Path, failures) -> Checkpointer:
    return Checkpointer(
        database=database,
        keyring=keyring,
        places=[CheckpointFile(file)],
        settings=AuditSettings(checkpoint_entries=3, checkpoint_seconds=60),
        clock=clock,
        report=failures.append,
    )


@pytest.fixture
def write(database: Database, audit: AuditLog):
    def record(count: int = 1) -> None:
        for _ in range(count):
            with database.transaction(TENANT) as session:
                audit.record(session, TENANT, ANA, "token.create", "t", details={"name": "Ana"})

    return record


def sizes(file: Path) -> list[int]:
    return [int(note.split("\n")[1]) for note in read_notes(file.read_text())]


def test_a_checkpoint_is_due_by_entries_or_by_age(
    checkpointer: Checkpointer, write, clock, file: Path
) -> None:
    def look() -> list[int]:
        checkpointer._round(due_only=True)
        return sizes(file) if file.exists() else []

    assert look() == []
    write()
    assert look() == [1]
    write(2)
    assert look() == [1]
    write()
    assert look() == [1, 4]
    clock.advance(seconds=61)
    assert look() == [1, 4]
    write()
    assert look() == [1, 4, 5]


def test_nothing_new_is_not_signed_again(checkpointer: Checkpointer, write, file: Path) -> None:
    assert checkpointer.make(TENANT) is None
    write()
    assert checkpointer.make(TENANT)
    assert checkpointer.make(TENANT) is None
    assert sizes(file) == [1]


def test_closing_makes_a_last_checkpoint(checkpointer: Checkpointer, write, file: Path) -> None:
    checkpointer.start()
    write(2)
    checkpointer.close()
    assert sizes(file)[-1] == 2


def test_what_is_not_kept_outside_is_not_noted_as_made(
    checkpointer: Checkpointer, database: Database, write, file: Path, failures
) -> None:
    write()
    file.mkdir()
    with pytest.raises(CheckpointNotKept):
        checkpointer.make(TENANT)
    checkpointer._round(due_only=True)
    assert [type(failure) for failure in failures] == [CheckpointNotKept]
    with database.reading(TENANT) as session:
        assert last_checkpoint(session, TENANT) is None
    file.rmdir()
    assert checkpointer.make(TENANT)


def test_a_tree_that_does_not_continue_the_last_checkpoint_is_not_signed(
    checkpointer: Checkpointer, database: Database, write
) -> None:
    write(3)
    checkpointer.make(TENANT)
    write()
    with database.transaction(TENANT) as session:
        tamper(
            session,
            database,
            "audit_leaves",
            "hashes = (SELECT hashes FROM audit_leaves WHERE leaf_index = 0) WHERE leaf_index = 2",
        )
    with pytest.raises(AuditForked):
        checkpointer.make(TENANT)


def test_a_log_that_has_become_shorter_is_not_signed(
    checkpointer: Checkpointer, database: Database, write
) -> None:
    write(3)
    checkpointer.make(TENANT)
    with database.transaction(TENANT) as session:
        first = "(SELECT hashes FROM audit_leaves WHERE leaf_index = 0)"
        session.execute(text(f"UPDATE audit_heads SET size = 1, frontier = {first}"))
    with pytest.raises(AuditForked):
        checkpointer.make(TENANT)


def reports(database: Database, keyring: KeyRing, file: Path) -> list[Report]:
    """Verify the rows themselves, and what an auditor would export of them."""
    with database.transaction(TENANT) as session:
        key = signer_of(session, keyring, TENANT).verifier
        leaves = list(AuditReader(keyring).leaves(session, AUDITOR, EntryFilter()))
    notes = list(read_notes(file.read_text()))
    exported = map(log_line, leaves)
    return [verify(leaves, notes, key), verify(read_log(exported), notes, key)]


def test_the_log_verifies_after_a_person_is_erased(
    checkpointer: Checkpointer, database: Database, keyring: KeyRing, write, file: Path
) -> None:
    write(2)
    checkpointer.make(TENANT)
    with database.transaction(TENANT) as session:
        keyring.destroy(session, TENANT, person_owner(ANA))
    write()
    checkpointer.make(TENANT)
    assert all(report.ok for report in reports(database, keyring, file))
    with database.reading(TENANT) as session:
        entries = AuditReader(keyring).page(session, AUDITOR, EntryFilter(), before=None, limit=9)
        assert [(e.leaf_index, e.details) for e in entries] == [
            (2, {"name": "Ana"}),
            (1, None),
            (0, None),
        ]


def test_a_changed_column_is_named_in_the_database(
    checkpointer: Checkpointer, database: Database, keyring: KeyRing, write, file: Path
) -> None:
    write(4)
    checkpointer.make(TENANT)
    with database.transaction(TENANT) as session:
        tamper(session, database, "audit_entries", "actor = 'nobody' WHERE sequence = 2")
    rows, export = reports(database, keyring, file)
    assert rows.finding
    assert (rows.finding.kind, rows.finding.first) == ("damaged", 1)
    assert "actor" in rows.finding.words
    assert export.ok  # what was signed says the truth still


def test_a_changed_entry_is_named(
    checkpointer: Checkpointer, database: Database, keyring: KeyRing, write, file: Path
) -> None:
    write(4)
    checkpointer.make(TENANT)
    with database.transaction(TENANT) as session:
        other = "body = (SELECT body FROM audit_entries WHERE sequence = 1) WHERE sequence = 2"
        tamper(session, database, "audit_entries", other)
    found = [report.finding for report in reports(database, keyring, file)]
    assert [(f.kind, f.first) for f in found if f] == [("damaged", 1), ("edited", 1)]


def test_the_signing_key_stays_and_is_each_tenant_s_own(
    database: Database, keyring: KeyRing, checkpointer: Checkpointer, write, file: Path
) -> None:
    write()
    checkpointer.make(TENANT)
    with database.transaction(TENANT) as session:
        key = signer_of(session, keyring, TENANT).verifier
        keyring.tenants.add_version(session, TENANT)
        assert signer_of(session, keyring, TENANT).verifier == key
    (note,) = read_notes(file.read_text())
    assert open_note(note, key).origin == "sourcebook/audit/default"


def tamper(session, database: Database, table: str, change: str) -> None:
    """Change rows as the database's owner can: without the triggers."""
    if database.is_postgresql:
        session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_refuse_change"))
    else:
        session.execute(text(f"DROP TRIGGER {table}_refuse_update"))
    session.execute(text(f"UPDATE {table} SET {change}"))


def test_an_erased_tenant_does_not_keep_others_from_being_signed(
    database: Database, keyring: KeyRing, checkpointer: Checkpointer, write, file: Path, failures
) -> None:
    with database.transaction("another") as session:  # sorts before, so it would come first
        session.add(Tenant(id="another", name="Another", created_at=keyring._clock()))
        session.flush()
        keyring.create_tenant(session, "another")
        AuditLog(keyring, keyring._clock).record(session, "another", ANA, "token.create", "t")
    with database.transaction("another") as session:
        keyring.destroy_tenant(session, "another")
    write(3)
    checkpointer._round(due_only=True)
    assert failures == []
    assert sizes(file) == [3]
