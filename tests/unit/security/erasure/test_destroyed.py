"""Keys are destroyed for everything that belongs to a thing, and each leaves its digest."""

from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from security.erasure.destroyed import DestroyedKey, destroyed_keys
from security.erasure.ledger import SIGNER, ErasureLedger
from security.keyring import KeyRing
from security.tables import WrappedKey
from storage.database import Database
from tests.unit.security.conftest import TENANT, Clock

ID = "0123456789abcdef" * 2


def _owners(session: Session) -> set[str]:
    return set(session.scalars(select(WrappedKey.owner)))


def test_every_kind_of_key_of_one_thing_goes_and_no_other(
    database: Database, keyring: KeyRing
) -> None:
    mine = {f"person:{ID}", f"scim:{ID}", f"later:{ID}"}
    others = {"person:" + "1" * 32, f"document:{ID[:-1]}0", f"person:{ID}0", f"tenant:{ID}"}
    with database.transaction() as session:
        for owner in mine | others:
            keyring.create(session, TENANT, owner)
        wrapped = session.get_one(WrappedKey, (TENANT, f"scim:{ID}")).wrapped
        keyring.destroy_all_of(session, TENANT, ID)
        assert _owners(session) == others
        notes = destroyed_keys(session)
    assert {note.owner for note in notes} == mine
    assert DestroyedKey(f"scim:{ID}", sha256(wrapped).hexdigest()) in notes


def test_no_name_reaches_the_tenant_s_own_keys(database: Database, keyring: KeyRing) -> None:
    with database.transaction() as session:
        keyring.tenants.add_version(session, TENANT)  # from now on, what lasts has rows
        before = _owners(session)
        for name in ("audit", "digest", "%", "_", "", "tenant:audit", "blind token"):
            keyring.destroy_all_of(session, TENANT, name)
        assert _owners(session) == before
        assert "tenant:audit" in before


def test_a_key_that_is_not_there_leaves_no_note(database: Database, keyring: KeyRing) -> None:
    with database.transaction() as session:
        keyring.destroy(session, TENANT, "document:none")
        assert destroyed_keys(session) == []


def test_notes_belong_to_one_transaction(database: Database, keyring: KeyRing) -> None:
    with database.transaction() as session:
        keyring.create(session, TENANT, "document:a")
        keyring.destroy(session, TENANT, "document:a")
    with database.transaction() as session:
        assert destroyed_keys(session) == []


def test_a_tenant_s_keys_go_all_at_once(database: Database, keyring: KeyRing) -> None:
    with database.transaction() as session:
        keyring.create(session, TENANT, "document:a")
        keyring.tenants.add_version(session, TENANT)
        keyring.destroy_tenant(session, TENANT)
        assert _owners(session) == set()
        noted = {note.owner for note in destroyed_keys(session)}
    assert {"tenant key:1", "tenant key:2", "document:a", "tenant:audit"} <= noted


def test_the_signer_lasts_through_rotations(
    database: Database, keyring: KeyRing, clock: Clock
) -> None:
    ledger = ErasureLedger(keyring, clock)
    with database.transaction() as session:
        first = ledger.public_key(session, TENANT)
        keyring.tenants.add_version(session, TENANT)
        assert ledger.public_key(session, TENANT) == first
        assert SIGNER in _owners(session)
