"""Rotation on SQLite and PostgreSQL: nothing becomes unreadable, nothing destroyed comes back."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session

from retrieval.tables import Collection
from security.audit import AuditLog
from security.cipher import Cipher
from security.errors import DecryptionFailed, KeyDestroyed, KeyInUse, KeyUnavailable
from security.keyring import KeyRing
from security.keys import EnvironmentKeyProvider, FileKeyProvider
from security.places import Place
from security.principal import Principal, Role
from security.rotation import KeyRotation
from security.tables import Tenant, TenantKey, WrappedKey
from storage.database import Base, Database

TENANT = "default"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
PLACE = Place("chunks", "d.1", "body")
MANY = 1_001
"""More than two batches."""


@pytest.fixture(params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, tmp_path: Path, keyring: KeyRing, clock: object
) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'rotation.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    database = Database(url)
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(Tenant(id=TENANT, name="Default", created_at=clock()))  # type: ignore[operator]
        keyring.create_tenant(session, TENANT)
    yield database
    database.close()


@pytest.fixture
def rotation(database: Database, keyring: KeyRing, audit: AuditLog, clock: object) -> KeyRotation:
    return KeyRotation(database, keyring, audit, clock)  # type: ignore[arg-type]


def sealed_by(database: Database, keyring: KeyRing, *owners: str) -> dict[str, bytes]:
    with database.transaction() as session:
        return {
            owner: keyring.create(session, TENANT, owner).seal(PLACE, owner.encode())
            for owner in owners
        }


def readable(session: Session, keyring: KeyRing, sealed: dict[str, bytes]) -> bool:
    ciphers = keyring.ciphers(session, TENANT, list(sealed))
    return all(ciphers[owner].open(PLACE, text) == owner.encode() for owner, text in sealed.items())


def rewrapped(rotation: KeyRotation) -> int:
    return sum(rotation.rewrap(TENANT))


def test_all_that_was_sealed_is_read_at_every_step_by_every_process(
    database: Database,
    keyring: KeyRing,
    rotation: KeyRotation,
    provider: FileKeyProvider,
    clock: object,
) -> None:
    other = KeyRing(provider, clock)  # type: ignore[arg-type]
    before = sealed_by(database, keyring, "document:a", "document:b")

    def check(sealed: dict[str, bytes]) -> None:
        with database.reading() as session:
            fresh = KeyRing(provider, clock)  # type: ignore[arg-type]
            assert all(readable(session, ring, sealed) for ring in (keyring, other, fresh))

    check(before)
    assert rotation.rotate(TENANT) == 2
    check(before)
    both = before | sealed_by(database, other, "document:c")
    check(both)
    assert rewrapped(rotation) == 2 + 3  # two documents and what lasts: audit, digests, tokens
    check(both)
    assert rotation.retire(TENANT, 0) == [1]
    check(both)
    assert rewrapped(rotation) == 0


def test_audit_digests_and_blind_tokens_outlive_their_version(
    database: Database, keyring: KeyRing, rotation: KeyRotation, audit: AuditLog
) -> None:
    auditor = Principal(TENANT, "u", "u", {None: Role.OWNER})
    with database.transaction() as session:
        audit.record(session, TENANT, "u", "test", None, details={"said": "before"})
        keys = keyring.tenant(session, TENANT)
        digest, blind = keys.digest("name", b"x"), keys.blind_token_key
    for version in (2, 3):
        assert rotation.rotate(TENANT) == version
        rewrapped(rotation)
        assert rotation.retire(TENANT, 0) == [version - 1]
    with database.reading() as session:
        keys = keyring.tenant(session, TENANT)
        assert (keys.digest("name", b"x"), keys.blind_token_key) == (digest, blind)
        entries = audit.entries(session, auditor)
    assert entries[-1].details == {"said": "before"}
    actions = [entry.action for entry in reversed(entries)]
    assert actions == ["test", *["keys.rotate", "keys.rewrap", "keys.retire"] * 2]


def test_a_retired_version_opens_nothing_any_more(
    database: Database, keyring: KeyRing, rotation: KeyRotation
) -> None:
    with database.reading() as session:
        old = keyring.tenant(session, TENANT)
    rotation.rotate(TENANT)
    rewrapped(rotation)
    rotation.retire(TENANT, 0)
    with database.reading() as session:
        new = keyring.tenant(session, TENANT)
        assert list(session.scalars(select(TenantKey.version))) == [2]
    with pytest.raises(DecryptionFailed):
        new.fields.open(PLACE, old.fields.seal(PLACE, b"text"))


def test_many_keys_move_in_batches(
    database: Database, keyring: KeyRing, rotation: KeyRotation
) -> None:
    sealed = sealed_by(database, keyring, *(f"document:{number}" for number in range(MANY)))
    rotation.rotate(TENANT)
    batches = list(rotation.rewrap(TENANT))
    assert sum(batches) == MANY + 3
    assert max(batches) <= 500
    with database.reading() as session:
        assert readable(session, keyring, sealed)


def test_what_cannot_be_done_is_not_recorded(
    database: Database, rotation: KeyRotation, audit: AuditLog
) -> None:
    def fail() -> None:
        raise KeyUnavailable

    with pytest.raises(KeyUnavailable):
        rotation.recorded([TENANT], "keys.rotate_master", fail)
    auditor = Principal(TENANT, "u", "u", {None: Role.OWNER})
    with database.reading() as session:
        assert audit.entries(session, auditor) == []


def test_a_rewrap_that_is_stopped_has_recorded_what_it_moved(
    database: Database, keyring: KeyRing, rotation: KeyRotation, audit: AuditLog
) -> None:
    sealed_by(database, keyring, *(f"document:{number}" for number in range(MANY)))
    rotation.rotate(TENANT)
    moving = rotation.rewrap(TENANT)
    assert [next(moving), next(moving)] == [0, 500]
    auditor = Principal(TENANT, "u", "u", {None: Role.OWNER})
    with database.reading() as session:
        newest, *_ = audit.entries(session, auditor)
    assert (newest.action, newest.details) == ("keys.rewrap", {"moved": 500})


def test_a_version_that_still_wraps_is_not_retired(
    database: Database, keyring: KeyRing, rotation: KeyRotation
) -> None:
    sealed_by(database, keyring, "document:a")
    assert rotation.retire(TENANT, 0) == []
    rotation.rotate(TENANT)
    with pytest.raises(KeyInUse, match="rewrap"):
        rotation.retire(TENANT, 0)
    rewrapped(rotation)
    with pytest.raises(KeyInUse, match="15 minutes"):
        rotation.retire(TENANT, 900)
    assert [version.wrapped_keys for version in rotation.status(TENANT)] == [0, 4]


def test_a_field_under_an_older_version_holds_it_until_it_is_sealed_again(
    database: Database, keyring: KeyRing, rotation: KeyRotation, clock: object
) -> None:
    with database.reading() as session:
        old = keyring.tenant(session, TENANT).fields
    rotation.rotate(TENANT)
    rewrapped(rotation)
    with database.transaction() as session:  # by a request that began before the rotation
        session.add_all(collection(f"c{number}", old, clock) for number in range(MANY))
    with pytest.raises(KeyInUse):
        rotation.retire(TENANT, 0)
    assert list(rotation.rewrap(TENANT)) == [0, 500, 500, 1]
    assert rotation.retire(TENANT, 0) == [1]


def collection(key: str, fields: Cipher, clock: object) -> Collection:
    return Collection(
        id=key,
        tenant_id=TENANT,
        name=fields.seal(Place("collections", key, "name"), b"Handbook"),
        name_digest=key,
        created_at=clock(),  # type: ignore[operator]
    )


def test_a_key_destroyed_during_a_rewrap_stays_destroyed(
    database: Database, keyring: KeyRing, rotation: KeyRotation
) -> None:
    sealed_by(database, keyring, "document:a", "document:b")
    rotation.rotate(TENANT)
    moving = rotation.rewrap(TENANT)
    next(moving)
    with database.transaction() as session:
        keyring.destroy(session, TENANT, "document:a")
    list(moving)
    with database.reading() as session:
        assert session.get(WrappedKey, (TENANT, "document:a")) is None
        with pytest.raises(KeyDestroyed):
            keyring.cipher(session, TENANT, "document:a")


def test_a_key_made_anew_during_a_rewrap_is_not_written_over(
    database: Database, keyring: KeyRing, rotation: KeyRotation
) -> None:
    sealed_by(database, keyring, "person:a")
    rotation.rotate(TENANT)
    anew: list[bytes] = []

    def meanwhile(state: ORMExecuteState) -> None:  # as another process would, before the write
        if state.is_update and state.bind_mapper is inspect(WrappedKey) and not anew:
            keyring.destroy(state.session, TENANT, "person:a")
            anew.append(keyring.create(state.session, TENANT, "person:a").seal(PLACE, b"new"))

    event.listen(Session, "do_orm_execute", meanwhile)
    try:
        rewrapped(rotation)
    finally:
        event.remove(Session, "do_orm_execute", meanwhile)
    with database.reading() as session:
        assert keyring.cipher(session, TENANT, "person:a").open(PLACE, *anew) == b"new"


def test_the_key_encryption_key_is_replaced_while_a_process_runs(
    database: Database,
    keyring: KeyRing,
    rotation: KeyRotation,
    provider: FileKeyProvider,
    clock: object,
    tmp_path: Path,
) -> None:
    sealed = sealed_by(database, keyring, "document:a")
    running = KeyRing(FileKeyProvider(tmp_path / "kek"), clock)  # type: ignore[arg-type]
    with database.reading() as session:
        assert readable(session, running, sealed)
    before = (tmp_path / "kek").read_bytes()
    provider.replace()
    assert (tmp_path / "kek").read_bytes() != before
    assert (tmp_path / "kek.previous").read_bytes() == before
    assert (tmp_path / "kek").stat().st_mode & 0o777 == 0o600
    assert [version.is_under_present_kek for version in rotation.status(TENANT)] == [False]
    assert rewrapped(rotation) == 1
    assert [version.is_under_present_kek for version in rotation.status(TENANT)] == [True]
    provider.retire()
    assert not (tmp_path / "kek.previous").exists()
    with database.reading() as session:
        assert readable(session, running, sealed)
        with pytest.raises(KeyUnavailable):
            old = tmp_path / "old"
            old.write_bytes(before)
            old.chmod(0o600)
            KeyRing(FileKeyProvider(old), clock).tenant(session, TENANT)  # type: ignore[arg-type]


def test_the_old_kek_is_kept_while_any_tenant_needs_it(
    database: Database,
    keyring: KeyRing,
    rotation: KeyRotation,
    provider: FileKeyProvider,
    tmp_path: Path,
) -> None:
    with database.transaction() as session:
        session.add(Tenant(id="other", name="Other", created_at=NOW))
        keyring.create_tenant(session, "other")
    assert rotation.tenants() == [TENANT, "other"]
    provider.replace()
    rewrapped(rotation)
    with pytest.raises(KeyInUse):
        rotation.retire_master(provider)
    assert (tmp_path / "kek.previous").exists()
    list(rotation.rewrap("other"))
    rotation.retire_master(provider)
    assert not (tmp_path / "kek.previous").exists()


def test_a_second_replacement_waits_for_the_first(provider: FileKeyProvider) -> None:
    provider.replace()
    with pytest.raises(KeyUnavailable, match="retire"):
        provider.replace()


def test_a_replacement_cut_off_after_its_first_step_goes_on(tmp_path: Path) -> None:
    provider = FileKeyProvider.create(tmp_path / "kek")
    (tmp_path / "kek.previous").hardlink_to(tmp_path / "kek")
    wrapped = provider.wrap(b"x", bytes(32))
    provider.replace()
    assert provider.unwrap(b"x", wrapped) == bytes(32)
    assert not provider.is_current(wrapped)


def test_a_key_from_the_environment_is_replaced_with_its_precursor_beside_it() -> None:
    old, new = (base64.b64encode(bytes(range(n, n + 32))).decode() for n in (100, 101))
    wrapped = EnvironmentKeyProvider(old).wrap(b"x", bytes(32))
    both = EnvironmentKeyProvider(new, old)
    assert both.unwrap(b"x", wrapped) == bytes(32)
    assert not both.is_current(wrapped)
    assert both.is_current(both.wrap(b"x", bytes(32)))
    with pytest.raises(KeyUnavailable):
        EnvironmentKeyProvider(new).unwrap(b"x", wrapped)
