"""Details are sealed under the person whom they are about; destroying that key erases them."""

import threading

from sqlalchemy import select

from security.audit import AuditLog
from security.audit.log import person_owner
from security.keyring import KeyRing
from security.principal import Principal, Role
from security.tables import WrappedKey
from storage.database import Database

TENANT, ANA, BEN = "default", "a" * 32, "b" * 32
AUDITOR = Principal(TENANT, "c" * 32, "auditor", {None: Role.OWNER})


def owners(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(WrappedKey.owner).order_by(WrappedKey.owner)))


def test_a_key_is_made_on_first_need(database: Database, audit: AuditLog) -> None:
    with database.transaction() as session:
        audit.record(session, TENANT, ANA, "document.open", "d1")
        audit.record(session, TENANT, "worker", "document.fail", "d1", details={"code": "x"})
    assert owners(database) == []
    with database.transaction() as session:
        audit.record(session, TENANT, ANA, "token.create", "t1", details={"name": "n"})
        audit.record(session, TENANT, ANA, "user.create", BEN, details={"name": "Ben"}, about=BEN)
    assert owners(database) == [person_owner(ANA), person_owner(BEN)]


def test_destroying_a_persons_key_erases_what_is_about_them_only(
    database: Database, audit: AuditLog, keyring: KeyRing
) -> None:
    with database.transaction() as session:
        audit.record(session, TENANT, ANA, "token.create", "t1", details={"name": "Ana's"})
        audit.record(session, TENANT, ANA, "user.create", BEN, details={"name": "Ben"}, about=BEN)
    with database.transaction() as session:
        keyring.destroy(session, TENANT, person_owner(BEN))
    with database.reading() as session:
        created, token = audit.entries(session, AUDITOR)
    assert created.details is None
    assert (created.actor, created.target) == (ANA, BEN)
    assert token.details == {"name": "Ana's"}


def test_two_first_needs_at_once_make_one_key(database: Database, audit: AuditLog) -> None:
    together = threading.Barrier(4)
    failures = list[Exception]()

    def write() -> None:
        together.wait()
        try:
            with database.transaction() as session:
                audit.record(session, TENANT, ANA, "token.create", "t", details={"name": "n"})
        except Exception as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.reading() as session:
        assert [entry.details for entry in audit.entries(session, AUDITOR)] == [{"name": "n"}] * 4
