import base64
from datetime import datetime

import pytest
from sqlalchemy import delete, event, select, update

from security.errors import DecryptionFailed, KeyDestroyed, KeyUnavailable
from security.keyring import KeyRing
from security.keys import EnvironmentKeyProvider, FileKeyProvider
from security.places import Place
from security.tables import Tenant, TenantKey, WrappedKey
from storage.database import Database

PLACE = Place("chunks", "d.1", "body")
TENANT = "default"


def clone(provider: FileKeyProvider, clock: object) -> KeyRing:
    """Another process with the same KEK."""
    return KeyRing(provider, clock)  # type: ignore[arg-type]


def test_a_documents_key_is_the_same_in_every_process(
    database: Database, keyring: KeyRing, provider: FileKeyProvider, clock: object
) -> None:
    with database.transaction() as session:
        sealed = keyring.create(session, TENANT, "document:a").seal(PLACE, b"text")
    with database.reading() as session:
        other = clone(provider, clock).cipher(session, TENANT, "document:a")
        assert other.open(PLACE, sealed) == b"text"


def test_documents_have_different_keys(database: Database, keyring: KeyRing) -> None:
    with database.transaction() as session:
        one = keyring.create(session, TENANT, "document:a")
        other = keyring.create(session, TENANT, "document:b")
    with pytest.raises(DecryptionFailed):
        other.open(PLACE, one.seal(PLACE, b"text"))


def test_a_wrapped_key_given_to_another_owner_does_not_open(
    database: Database, keyring: KeyRing
) -> None:
    with database.transaction() as session:
        keyring.create(session, TENANT, "document:a")
        session.execute(
            WrappedKey.__table__.update().values(owner="document:b")  # type: ignore[attr-defined]
        )
    with database.reading() as session, pytest.raises(DecryptionFailed):
        keyring.cipher(session, TENANT, "document:b")


def test_a_destroyed_key_is_refused_in_every_process_caches_included(
    database: Database, keyring: KeyRing, provider: FileKeyProvider, clock: object
) -> None:
    other = clone(provider, clock)
    with database.transaction() as session:
        keyring.create(session, TENANT, "document:a")
        other.cipher(session, TENANT, "document:a")
    with database.transaction() as session:
        keyring.destroy(session, TENANT, "document:a")
    with database.reading() as session:
        for ring in (keyring, other):
            with pytest.raises(KeyDestroyed):
                ring.cipher(session, TENANT, "document:a")
            assert ring.ciphers(session, TENANT, ["document:a"]) == {}


def test_a_destruction_that_was_rolled_back_destroyed_nothing(
    database: Database, keyring: KeyRing
) -> None:
    with database.transaction() as session:
        sealed = keyring.create(session, TENANT, "document:a").seal(PLACE, b"text")
    with database.reading() as session:  # rolls back
        keyring.destroy(session, TENANT, "document:a")
    with database.reading() as session:
        assert keyring.cipher(session, TENANT, "document:a").open(PLACE, sealed) == b"text"


def test_a_key_made_anew_is_not_the_cached_one(
    database: Database, keyring: KeyRing, provider: FileKeyProvider, clock: object
) -> None:
    other = clone(provider, clock)
    with database.transaction() as session:
        old = keyring.create(session, TENANT, "document:a").seal(PLACE, b"text")
        other.cipher(session, TENANT, "document:a")
        keyring.destroy(session, TENANT, "document:a")
        keyring.create(session, TENANT, "document:a")
        with pytest.raises(DecryptionFailed):
            other.cipher(session, TENANT, "document:a").open(PLACE, old)


def test_many_ciphers_take_few_queries(
    database: Database, keyring: KeyRing, provider: FileKeyProvider, clock: object
) -> None:
    owners = [f"document:{number}" for number in range(1001)]
    with database.transaction() as session:
        for owner in owners:
            keyring.create(session, TENANT, owner)
    statements: list[str] = []
    event.listen(
        database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: statements.append(statement),
    )
    with database.reading() as session:
        found = keyring.ciphers(session, TENANT, [*owners, "document:missing"])
    assert found.keys() == set(owners)
    assert len([s for s in statements if s.startswith("SELECT")]) == 3  # all were unwrapped before
    statements.clear()
    with database.reading() as session:
        KeyRing(provider, clock).ciphers(session, TENANT, owners)  # type: ignore[arg-type]
    assert len([s for s in statements if s.startswith("SELECT")]) == 3 + 1 + 2  # the tenant's keys


def test_a_full_cache_forgets_the_oldest_and_stays_correct(
    database: Database, provider: FileKeyProvider, clock: object
) -> None:
    ring = KeyRing(provider, clock, cached_keys_max=2)  # type: ignore[arg-type]
    with database.transaction() as session:
        sealed = {
            owner: ring.create(session, TENANT, owner).seal(PLACE, owner.encode())
            for owner in ("document:a", "document:b", "document:c")
        }
        for owner, text in sealed.items():
            assert ring.cipher(session, TENANT, owner).open(PLACE, text) == owner.encode()


def test_cached_keys_are_not_unwrapped_again(database: Database, keyring: KeyRing) -> None:
    with database.transaction() as session:
        keyring.create(session, TENANT, "document:a")
        first = keyring.cipher(session, TENANT, "document:a")
        assert keyring.cipher(session, TENANT, "document:a") is first
        assert keyring.tenant(session, TENANT) is keyring.tenant(session, TENANT)


def test_purposes_and_tenants_are_separate(
    database: Database, keyring: KeyRing, clock: "object"
) -> None:
    with database.transaction() as session:
        now: datetime = clock()  # type: ignore[operator]
        session.add(Tenant(id="other", name="Other", created_at=now))
        keyring.create_tenant(session, "other")
        mine, theirs = keyring.tenant(session, TENANT), keyring.tenant(session, "other")
    assert mine.digest("name", b"x") == mine.digest("name", b"x")
    assert len(mine.digest("name", b"x")) == 64
    assert mine.digest("name", b"x") != mine.digest("file", b"x")
    assert mine.digest("a", b"bc") != mine.digest("ab", b"c")
    assert mine.digest("name", b"x") != theirs.digest("name", b"x")
    assert mine.blind_token_key != theirs.blind_token_key
    assert len(mine.blind_token_key) == 32
    sealed = mine.fields.seal(PLACE, b"text")
    for cipher in (mine.audit, mine.wrapping, theirs.fields):
        with pytest.raises(DecryptionFailed):
            cipher.open(PLACE, sealed)


def test_a_second_version_of_the_tenant_key_opens_the_first_ones_texts(
    database: Database, keyring: KeyRing
) -> None:
    with database.transaction() as session:
        before = keyring.tenant(session, TENANT)
        sealed, entry = before.fields.seal(PLACE, b"text"), before.audit.seal(PLACE, b"entry")
        assert keyring.tenants.add_version(session, TENANT) == 2
        after = keyring.tenant(session, TENANT)
    assert after.fields.open(PLACE, sealed) == b"text"
    assert after.audit.open(PLACE, entry) == b"entry"
    assert after.digest("name", b"x") == before.digest("name", b"x")
    assert after.blind_token_key == before.blind_token_key
    with pytest.raises(DecryptionFailed):
        before.fields.open(PLACE, after.fields.seal(PLACE, b"text"))


def test_a_tenant_without_a_key_is_destroyed(database: Database, keyring: KeyRing) -> None:
    with database.transaction() as session:
        keyring.tenant(session, TENANT)
        session.execute(delete(TenantKey))
        with pytest.raises(KeyDestroyed):
            keyring.tenant(session, TENANT)


def test_a_tenants_key_opens_neither_for_another_tenant_nor_as_another_version(
    database: Database, keyring: KeyRing, provider: FileKeyProvider, clock: "object"
) -> None:
    with database.transaction() as session:
        now: datetime = clock()  # type: ignore[operator]
        session.add(Tenant(id="other", name="Other", created_at=now))
        keyring.create_tenant(session, "other")
        own = session.scalars(select(TenantKey).filter_by(tenant_id=TENANT)).one().wrapped
        others = update(TenantKey).filter_by(tenant_id="other")
        session.execute(others.values(wrapped=own))
    with database.reading() as session, pytest.raises(KeyUnavailable):
        clone(provider, clock).tenant(session, "other")
    with database.transaction() as session:
        session.execute(update(TenantKey).filter_by(tenant_id=TENANT).values(version=2))
    with database.reading() as session, pytest.raises(KeyUnavailable):
        clone(provider, clock).tenant(session, TENANT)


def test_the_wrong_kek_is_named_as_the_reason(database: Database, clock: object) -> None:
    wrong = EnvironmentKeyProvider(base64.b64encode(bytes(range(100, 132))).decode())
    with database.reading() as session, pytest.raises(KeyUnavailable):
        clone(wrong, clock).tenant(session, TENANT)  # type: ignore[arg-type]
