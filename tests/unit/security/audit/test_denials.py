"""Refusals are on record, and nobody can fill the disk with them."""

import pytest
from sqlalchemy import text

from security.audit import AuditLog, AuditRecord
from security.audit.denials import Denial, Denials
from security.audit.repeats import Repeats
from security.audit_settings import AuditSettings
from security.principal import Principal, Role
from storage.database import Database

TENANT, ANA = "default", "a" * 32
AUDITOR = Principal(TENANT, "c" * 32, "auditor", {None: Role.AUDITOR})


@pytest.fixture
def denials(database: Database, audit: AuditLog, clock) -> Denials:
    return Denials(
        database, audit, AuditSettings(denied_window_seconds=60, denied_kinds_max=3), clock
    )


@pytest.fixture
def written(database: Database, audit: AuditLog):
    def read() -> list[AuditRecord]:
        with database.reading(TENANT) as session:
            return audit.entries(session, AUDITOR)[::-1]

    return read


def denial(number: int = 0, actor: str = ANA) -> Denial:
    return Denial(TENANT, actor, f"GET /v1/thing/{number}", "forbidden")


def test_the_first_is_an_entry_and_the_rest_a_number(denials: Denials, written, clock) -> None:
    for _ in range(1000):
        denials.add(denial(), "t", "192.0.2.1")
    (first,) = written()
    assert (first.actor, first.action, first.target) == (ANA, "GET /v1/thing/0", "t")
    assert first.outcome == "denied"
    assert first.details == {"code": "forbidden", "address": "192.0.2.1"}
    clock.advance(seconds=60)
    denials.end_window()
    assert [entry.details for entry in written()[1:]] == [{"code": "forbidden", "repeated": 999}]
    denials.add(denial(), "t", "192.0.2.1")
    assert len(written()) == 3


def test_a_refusal_that_did_not_repeat_leaves_nothing_more(
    denials: Denials, written, clock
) -> None:
    denials.add(denial(), None, "192.0.2.1")
    clock.advance(seconds=59)
    denials.end_window()
    clock.advance(seconds=1)
    denials.end_window()
    assert len(written()) == 1


def test_the_kinds_of_a_window_are_bounded(denials: Denials, written) -> None:
    for number in range(50):
        denials.add(denial(number), f"t{number}", "192.0.2.1")
    entries = written()
    assert [entry.action for entry in entries[:3]] == [f"GET /v1/thing/{n}" for n in range(3)]
    assert [(e.actor, e.action, e.target) for e in entries[3:]] == [("anonymous", "anything", None)]
    denials.end_window(now=True)
    assert written()[-1].details == {"code": "forbidden", "repeated": 46}


def test_people_do_not_hide_each_other(denials: Denials, written) -> None:
    denials.add(denial(), None, "192.0.2.1")
    denials.add(denial(actor="b" * 32), None, "192.0.2.1")
    assert [entry.actor for entry in written()] == [ANA, "b" * 32]


def test_what_is_read_again_within_the_window_is_not_new(clock) -> None:
    repeats = Repeats(300, clock)

    def is_new(*key: str) -> bool:
        with repeats.once(*key) as new:
            return new

    assert is_new("ana", "d1")
    assert not is_new("ana", "d1")
    assert is_new("ben", "d1")
    assert is_new("ana", "d2")
    clock.advance(seconds=300)
    assert is_new("ana", "d1")


def test_what_could_not_be_recorded_is_new_again(clock) -> None:
    repeats = Repeats(300, clock)
    with pytest.raises(LookupError), repeats.once("ana", "d1"):
        raise LookupError
    with repeats.once("ana", "d1") as new:
        assert new


def test_a_refusal_is_an_entry_of_its_own_transaction(
    denials: Denials, database: Database, written
) -> None:
    with pytest.raises(LookupError), database.transaction(TENANT) as session:
        session.execute(text("UPDATE tenants SET name = 'undone'"))
        raise LookupError
    denials.add(denial(), None, "192.0.2.1")
    assert len(written()) == 1
