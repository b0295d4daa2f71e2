"""Erasing in one transaction: whole with its receipt and its audit entry, or not at all."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

import api.wiring
from api.erasure import KEPT, person_tables, tenant_tables
from api.personal_data import PersonalData
from security.audit.tables import AuditEntry
from security.erasure.ledger import stored_receipts
from security.erasure.receipt import verify_receipt
from security.erasure.tables import ErasureReceipt
from security.errors import Forbidden, LastOwner, NotFound
from security.key_store import put_back, stored_keys
from security.keys import FileKeyProvider
from security.principal import Principal, Role
from security.quotas.budgets import DailyBudgets
from security.quotas.subjects import subjects_of
from security.scim.tokens import Directory
from security.scim.users import ScimUsers
from security.settings import BudgetSettings
from security.tables import User, WrappedKey
from storage.database import Base
from tests.erasure_world import OWNER_ID, Services, open_services

__all__ = ["api"]  # imported for all tables
TENANT, OTHER, ABSENT = "a" * 32, "b" * 32, "0" * 32
WITHOUT_TENANT = {"step_timings": "counts of work", "workers": "processes"}
STILL_NAMED = {
    "acl_names.name": "documents stay closed to whom they were closed to; the id is nobody's now",
    "acls.allow": "as above",
    "acls.deny": "as above",
    "audit_entries.actor": "the log verifies only whole; what is personal in it is unreadable",
    "audit_entries.body": "as above; the id stands there as in the columns",
    "audit_entries.target": "as above",
    "documents.created_by": "documents are the organisation's",
    "erasure_receipts.target": "proves the erasure",
    "erasure_receipts.text": "proves the erasure",
    "evaluations.created_by": "measurements are the organisation's",
    "identities.subject": "the provider's name for the person; the row goes with the account",
    "provider_sessions.subject": "goes with the session",
    "scim_tokens.created_by": "who let a directory in, for the log",
    "service_accounts.created_by": "who made a program's account, for the log",
    "wrapped_keys.owner": "keys of the person are destroyed",
}
"""Columns that may hold a person's id, apart from `user_id`, and why that may stay or is gone."""
NAMING = {"subject", "actor", "target", "owner", "allow", "deny"}


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    provider = FileKeyProvider.create(tmp_path / "kek")
    services = open_services(f"sqlite:///{tmp_path / 'rows.db'}", tmp_path, provider)
    yield services
    services.database.close()


def _actions(services: Services) -> list[str]:
    with services.database.reading(TENANT) as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.sequence)))


def _owner_ids(services: Services) -> list[str]:
    with services.database.reading(TENANT) as session:
        users = services.accounts.users(session, services.owner(TENANT))
    return [user.id for user in users if user.role is Role.OWNER]


def test_each_erasure_has_one_receipt_and_one_entry(services: Services) -> None:
    collection = services.create_tenant(TENANT)
    document = services.add_document(TENANT, collection, "text")
    person = services.add_person(TENANT, "person")
    before = _actions(services)
    with services.database.transaction(TENANT) as session:
        first = services.eraser.document(session, TENANT, document, "operator")
    with services.database.transaction(TENANT) as session:
        second = services.eraser.person(session, TENANT, person, "operator")
    assert _actions(services)[len(before) :] == ["document.erase", "user.erase"]
    with services.database.reading(TENANT) as session:
        assert stored_receipts(session, TENANT) == [first, second]
        names = {verify_receipt(receipt.text)["public_key"] for receipt in (first, second)}
    assert len(names) == 1


def test_what_the_log_holds_of_a_person_is_unreadable_and_stays_so(services: Services) -> None:
    services.create_tenant(TENANT)
    person, other = (services.add_person(TENANT, name) for name in ("person", "other"))

    def details() -> dict[str, object]:
        with services.database.reading(TENANT) as session:
            entries = services.audit.entries(session, services.owner(TENANT), limit=1_000)
        return {entry.actor: entry.details for entry in entries if entry.action == "answer.ask"}

    assert details() == {person: {"said": "audit of person"}, other: {"said": "audit of other"}}
    with services.database.transaction(TENANT) as session:
        receipt = services.eraser.person(session, TENANT, person, person)  # by themselves, too
    assert f"person:{person}" in {lost["owner"] for lost in receipt.fields["keys"]}
    assert details() == {person: None, other: {"said": "audit of other"}}
    with services.database.reading(TENANT) as session:
        assert list(services.keyring.owned_by(session, TENANT, person)) == []


def test_the_log_names_nobody_who_was_erased(services: Services) -> None:
    services.create_tenant(TENANT)
    erased, _ = (services.add_person(TENANT, name) for name in ("Ada", "Grace"))
    directory = Directory(TENANT, "t", None)
    scim = ScimUsers(services.keyring, services.audit, services.clock)
    with services.database.transaction(TENANT) as session:
        hopper = scim.create(session, directory, {"userName": "Hopper"}).id
        services.eraser.person(session, TENANT, erased, "operator")
        services.eraser.person(session, TENANT, hopper, "operator")
    with services.database.reading(TENANT) as session:
        entries = services.audit.entries(session, services.owner(TENANT), limit=1_000)
    log = repr(entries)
    assert "Grace" in log
    assert "Ada" not in log
    assert "Hopper" not in log


def test_an_export_holds_what_a_directory_told(services: Services) -> None:
    services.create_tenant(TENANT)
    directory = Directory(TENANT, "t", None)
    scim = ScimUsers(services.keyring, services.audit, services.clock)
    data = PersonalData(services.keyring, services.audit, services.conversations)
    told = {"userName": "Hopper", "displayName": "Grace Hopper"}
    with services.database.transaction(TENANT) as session:
        user = scim.create(session, directory, told).id
        found = data.export(session, services.owner(TENANT), user)
    assert found["directory"] == {"displayName": "Grace Hopper"}
    assert found["rows"]["users"][0]["name"] == "Hopper"
    assert [entry["action"] for entry in found["audit_entries"]] == ["user.create"]


def test_an_erasure_that_is_rolled_back_leaves_everything(
    services: Services, tmp_path: Path
) -> None:
    collection = services.create_tenant(TENANT)
    document = services.add_document(TENANT, collection, "text")
    before = _actions(services)
    with pytest.raises(ZeroDivisionError), services.database.transaction(TENANT) as session:
        services.eraser.document(session, TENANT, document, "operator")
        _ = 1 / 0
    with services.database.reading(TENANT) as session:
        assert services.read_document(session, TENANT, document) == "text"
        assert session.scalar(select(func.count()).select_from(ErasureReceipt)) == 0
    assert _actions(services) == before


def test_an_erasure_that_cannot_be_proved_does_not_happen(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = services.create_tenant(TENANT)
    document = services.add_document(TENANT, collection, "text")

    def refuse(*_: object) -> None:
        message = "no receipt"
        raise RuntimeError(message)

    monkeypatch.setattr(type(services.ledger), "write", refuse)
    with (
        pytest.raises(RuntimeError, match="no receipt"),
        services.database.transaction(TENANT) as session,
    ):
        services.eraser.document(session, TENANT, document, "operator")
    with services.database.reading(TENANT) as session:
        assert services.read_document(session, TENANT, document) == "text"


def test_the_files_of_a_document_go_too(services: Services, tmp_path: Path) -> None:
    collection = services.create_tenant(TENANT)
    kept = services.add_document(TENANT, collection, "kept")
    document = services.add_document(TENANT, collection, "text")
    with services.database.transaction(TENANT) as session:
        services.eraser.document(session, TENANT, document, "operator")
    assert {name.partition(".")[0] for name in services.blobs.names()} == {kept}


def test_the_last_owner_stays_with_all_that_is_theirs(services: Services) -> None:
    services.create_tenant(TENANT)
    first, last = _owner_ids(services)
    with services.database.transaction(TENANT) as session:
        services.eraser.person(session, TENANT, first, "operator")
    with services.database.transaction(TENANT) as session:
        person = Principal(TENANT, last, "", {None: Role.OWNER})
        services.conversations.create(session, person, "a question")
    with pytest.raises(LastOwner), services.database.transaction(TENANT) as session:
        services.eraser.person(session, TENANT, last, "operator")
    with services.database.reading(TENANT) as session:
        assert session.get(User, last) is not None
        assert len(services.conversations.list(session, person)) == 1
        assert len(stored_receipts(session, TENANT)) == 1


def test_what_is_not_there_or_another_tenant_s_is_not_found(services: Services) -> None:
    services.create_tenant(TENANT)
    theirs = services.create_tenant(OTHER)
    document = services.add_document(OTHER, theirs, "text")
    person = services.add_person(OTHER, "person")
    with services.database.transaction(TENANT) as session:
        for owner in ("audit:checkpoints", "signing:" + "5" * 32):
            services.keyring.obtain(session, TENANT, owner)
    for act, target in (
        (services.eraser.document, document),
        (services.eraser.person, person),
        (services.eraser.document, ABSENT),
        (services.eraser.person, ABSENT),
        (services.eraser.person, "audit"),
        (services.eraser.person, "checkpoints"),
        (services.eraser.person, "5" * 32),
        (services.eraser.person, "receipts"),
    ):
        with pytest.raises(NotFound), services.database.transaction(TENANT) as session:
            act(session, TENANT, target, "operator")
    with pytest.raises(NotFound), services.database.transaction(ABSENT) as session:
        services.eraser.tenant(session, ABSENT, "operator")
    with services.database.reading(OTHER) as session:
        assert services.read_document(session, OTHER, document) == "text"
        assert services.read_person(session, OTHER, person) == ["answer to person"]


def test_who_left_before_is_still_erased_from_the_log(services: Services) -> None:
    services.create_tenant(TENANT)
    person = services.add_person(TENANT, "person")
    with services.database.transaction(TENANT) as session:
        services.keyring.create(session, TENANT, f"later:{person}")
        services.accounts.delete_user(session, services.owner(TENANT), person)
    with services.database.transaction(TENANT) as session:
        receipt = services.eraser.person(session, TENANT, person, "operator")
        owned = WrappedKey.owner.endswith(person)
        assert session.scalar(select(func.count()).where(owned)) == 0
    assert f"later:{person}" in {lost["owner"] for lost in receipt.fields["keys"]}


def test_a_tenant_leaves_ids_and_proofs_only(services: Services, tmp_path: Path) -> None:
    services.add_document(TENANT, services.create_tenant(TENANT), "text")
    services.add_person(TENANT, "person")
    services.add_document(OTHER, services.create_tenant(OTHER), "text")
    entries = len(_actions(services))
    with services.database.transaction(TENANT) as session:
        receipt = services.eraser.tenant(session, TENANT, "operator")
    assert [lost["owner"] for lost in receipt.fields["keys"]] == ["tenant key:1"]
    with services.database.reading(TENANT) as session:
        left = {
            table.name
            for table in Base.metadata.sorted_tables
            if "tenant_id" in table.columns
            and session.scalar(
                select(func.count()).select_from(table).where(table.c.tenant_id == TENANT)
            )
        }
        assert session.scalar(text(f"SELECT name FROM tenants WHERE id = '{TENANT}'")) == (
            f"erased {TENANT}"
        )
    assert {name for name in left if not name.startswith("audit_")} <= KEPT
    assert len(_actions(services)) == entries + 1
    shutil.rmtree(tmp_path / "blobs" / "partial")
    assert len(list(services.blobs.names())) == 1


def test_receipts_are_for_administrators_and_auditors(services: Services) -> None:
    services.create_tenant(TENANT)
    with services.database.reading(TENANT) as session:
        for role in (Role.OWNER, Role.AUDITOR):
            allowed = Principal(TENANT, "u", "u", {None: role})
            assert services.ledger.receipts(session, allowed) == []
        with pytest.raises(Forbidden):
            services.ledger.receipts(session, Principal(TENANT, "u", "u", {None: Role.EDITOR}))


def test_every_table_goes_with_its_tenant_or_says_why_not() -> None:
    """A new table: give it a `tenant_id`, so that an erased tenant leaves nothing in it."""
    names = {table.name for table in Base.metadata.sorted_tables}
    kept = {name for name in names if name.startswith("audit_")} | KEPT
    assert names == {table.name for table in tenant_tables()} | kept | set(WITHOUT_TENANT)


def test_every_column_that_may_name_a_person_is_erased_or_says_why_not() -> None:
    erased = {table.name for table in person_tables()}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if column.name == "user_id" or column.name.endswith("_user_id"):
                assert table.name in erased, f"{table.name}.{column.name}"
            elif column.name in NAMING or column.name.endswith("_by"):
                assert f"{table.name}.{column.name}" in {*STILL_NAMED, "daily_use.subject"}


def test_an_erased_person_s_id_stays_only_where_that_is_said(services: Services) -> None:
    collection = services.create_tenant(TENANT)
    person, other = (services.add_person(TENANT, name) for name in ("person", "other"))
    uploader = Principal(TENANT, person, "person", {None: Role.EDITOR})
    budgets = DailyBudgets(BudgetSettings(), services.clock)
    with services.database.transaction(TENANT) as session:
        source = io.BytesIO(b"theirs")
        services.documents.upload(session, uploader, collection, "theirs.txt", source)
        for user in (person, other):
            asking = Principal(TENANT, user, "", {None: Role.READER})
            budgets.admit(session, TENANT, subjects_of(asking, None))
    assert "daily_use.subject" in _naming(services, person)
    with services.database.transaction(TENANT) as session:
        receipt = services.eraser.person(session, TENANT, person, "operator")
    assert receipt.fields["rows"]["daily_use"] == 1
    left = _naming(services, person)
    assert "documents.created_by" in left
    assert left <= set(STILL_NAMED)
    assert "daily_use.subject" in _naming(services, other)


def _naming(services: Services, person: str) -> set[str]:
    """Return the columns in which a person's id occurs."""
    with services.database.reading(TENANT) as session:
        return {
            f"{table.name}.{column.name}"
            for table in Base.metadata.sorted_tables
            for column in table.columns
            if any(person in str(value) for value in session.scalars(select(column)))
        }


def test_deleting_leaves_receipts_too(services: Services) -> None:
    """So that a backup of keys from before brings none of them back."""
    collection = services.create_tenant(TENANT)
    single, *rest = (services.add_document(TENANT, collection, text) for text in "abc")
    owner = services.owner(TENANT)
    with services.database.transaction(TENANT) as session:
        backup = stored_keys(session)
        services.documents.delete(session, owner, single)
    with services.database.transaction(TENANT) as session:
        services.documents.delete_collection(session, owner, collection)
    with services.database.transaction(TENANT) as session:
        told = [receipt.fields for receipt in stored_receipts(session, TENANT)]
        assert {fields["target"] for fields in told} == {single, *rest}
        for fields in told:
            assert [lost["owner"] for lost in fields["keys"]] == [f"document:{fields['target']}"]
            assert (fields["by"], fields["rows"]) == (OWNER_ID, {"chunks": 1, "documents": 1})
        assert put_back(session, backup) == 0


def test_every_table_of_a_person_is_exported_and_erased() -> None:
    """A new table about people: call the column `user_id`, with ON DELETE CASCADE."""
    found = {table.name for table in person_tables()}
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table.name == User.__tablename__ and table.name != "service_accounts":
                assert key.ondelete == "CASCADE", table.name
                assert key.parent.name == "user_id", table.name
                assert table.name in found
