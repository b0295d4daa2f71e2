"""Entries of several requests in one transaction: each of them waits for its own."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from time import sleep

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from security.audit import AuditLog
from security.audit.accesses import Accesses
from security.audit.entry import Access
from security.audit.opening import Opener
from security.audit.tables import AuditEntry
from security.errors import AuditUnavailable
from security.keyring import KeyRing
from storage.database import Database
from tests.unit.security.conftest import TENANT, Clock

SECONDS_MAX = 60


class Watched(AuditLog):
    """Holds the first transaction open until it is told; fails for some targets."""

    def __init__(self, keyring: KeyRing, clock: Clock) -> None:
        super().__init__(keyring, clock)
        self.is_written, self.goes_on = Event(), Event()

    def record_all(self, session: Session, accesses: Sequence[Access]) -> None:
        super().record_all(session, accesses)
        if any(one.target == "broken" for one in accesses):
            raise AuditUnavailable
        self.is_written.set()
        assert self.goes_on.wait(SECONDS_MAX)


@pytest.fixture
def log(keyring: KeyRing, clock: Clock) -> Watched:
    return Watched(keyring, clock)


@pytest.fixture
def accesses(database: Database, log: Watched) -> Accesses:
    return Accesses(database, log)


def access(target: str) -> Access:
    return Access(TENANT, "0" * 32, "document.search", target, {"query": target})


def test_an_entry_is_durable_when_it_was_recorded(
    accesses: Accesses, log: Watched, database: Database
) -> None:
    log.goes_on.set()
    accesses.record(access("a"))
    assert targets(database) == ["a"]


def test_what_comes_meanwhile_is_written_in_one_transaction(
    accesses: Accesses, log: Watched, database: Database
) -> None:
    commits = list[object]()
    event.listen(database.engine, "commit", commits.append)
    with held(accesses, log) as come:
        others = come("b", "c", "d")
        assert not any(one.done() for one in others)
    for one in others:
        one.result(SECONDS_MAX)
    assert targets(database) == ["a", "b", "c", "d"]
    assert len(commits) == 2


def test_one_that_cannot_be_written_fails_alone(
    accesses: Accesses, log: Watched, database: Database
) -> None:
    with held(accesses, log) as come:
        good, broken, other = come("b", "broken", "c")
    with pytest.raises(AuditUnavailable):
        broken.result(SECONDS_MAX)
    good.result(SECONDS_MAX)
    other.result(SECONDS_MAX)
    assert targets(database) == ["a", "b", "c"]


def test_without_a_database_everybody_is_told(
    accesses: Accesses, log: Watched, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def away(_tenant: str) -> Iterator[Session]:
        raise OperationalError("", {}, Exception())
        yield

    with held(accesses, log) as come:
        others = come("b", "c")
        monkeypatch.setattr(database, "transaction", away)
    for one in others:
        with pytest.raises(OperationalError):
            one.result(SECONDS_MAX)
    monkeypatch.undo()
    assert targets(database) == ["a"]


Come = Callable[..., list[Future[None]]]


@contextmanager
def held(accesses: Accesses, log: Watched) -> Iterator[Come]:
    """Let others come, one after the other, while the first entry is being written."""
    with ThreadPoolExecutor(8) as threads:

        def come(*names: str) -> list[Future[None]]:
            futures = []
            for waiting, name in enumerate(names, start=1):
                futures.append(threads.submit(accesses.record, access(name)))
                while len(accesses) < waiting:
                    sleep(0.001)
            return futures

        first = threads.submit(accesses.record, access("a"))
        try:
            assert log.is_written.wait(SECONDS_MAX)
            yield come
        finally:
            log.goes_on.set()
        first.result(SECONDS_MAX)


def targets(database: Database) -> list[str | None]:
    with database.reading(TENANT) as session:
        return list(session.scalars(select(AuditEntry.target).order_by(AuditEntry.sequence)))


def test_what_is_written_together_is_what_one_by_one_would_be(
    keyring: KeyRing, clock: Clock, database: Database
) -> None:
    log = AuditLog(keyring, clock)
    people = ["1" * 32, "2" * 32, "1" * 32, "worker"]
    with database.transaction(TENANT) as session:
        read = [
            Access(TENANT, person, "document.open", None, {"n": number})
            for number, person in enumerate(people)
        ]
        log.record_all(session, read)
        for number, person in enumerate(people):
            log.record(session, TENANT, person, "document.open", None, details={"n": number})
    with database.reading(TENANT) as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence)).all()
        told = [Opener(keyring).opened(session, entry, None).details for entry in entries]
    assert [entry.actor for entry in entries] == people * 2
    assert told == [{"n": n} for n in range(4)] * 2
