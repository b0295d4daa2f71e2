from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier, Thread
from unittest.mock import Mock

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from security.tables import Tenant
from storage.database import Database

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def count(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Tenant)) or 0


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError), database.transaction() as session:
        session.add(Tenant(id="a" * 32, name="a", created_at=NOON))
        session.flush()
        raise RuntimeError
    assert count(database) == 0


def test_what_is_written_while_reading_is_not_kept(database: Database) -> None:
    with database.reading() as session:
        session.add(Tenant(id="a" * 32, name="a", created_at=NOON))
        session.flush()
    assert count(database) == 0


def test_times_come_back_in_utc(database: Database) -> None:
    with database.transaction() as session:
        shanghai = NOON.astimezone(timezone(timedelta(hours=8)))
        session.add(Tenant(id="a" * 32, name="a", created_at=shanghai))
    with database.reading() as session:
        stored = session.scalars(sa.select(Tenant.created_at)).one()
    assert stored == NOON
    assert stored.tzinfo is not None


def test_a_time_without_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="time zone"), database.transaction() as session:
        session.add(Tenant(id="a" * 32, name="a", created_at=datetime(2026, 1, 1)))  # noqa: DTZ001
        session.flush()


def test_writers_wait_for_each_other(database: Database) -> None:
    def write(number: int) -> None:
        for turn in range(5):
            with database.transaction() as session:
                seen = session.scalar(sa.select(sa.func.count()).select_from(Tenant))
                name = f"{number}-{turn}-{seen}"
                session.add(Tenant(id=f"{number:016}{turn:016}", name=name, created_at=NOON))

    threads = [Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(database) == 20


def test_an_error_does_not_quote_what_was_stored(database: Database) -> None:
    tenant = {"id": "a" * 32, "name": "confidential", "created_at": NOON}
    with pytest.raises(IntegrityError) as caught, database.transaction() as session:
        session.execute(sa.insert(Tenant), tenant)
        session.execute(sa.insert(Tenant), tenant | {"id": "b" * 32})
    assert "parameters hidden" in str(caught.value)


def test_many_readers_at_once_do_not_wait_for_a_connection(database: Database) -> None:
    meeting = Barrier(40)

    def read() -> None:
        with database.reading() as session:
            session.scalar(sa.select(sa.func.count()).select_from(Tenant))
            meeting.wait(20)  # broken unless all forty hold a connection together

    threads = [Thread(target=read) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not meeting.broken


def test_a_writer_that_waited_too_long_is_told_so_and_spoils_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'busy.db'}", busy_seconds_max=0.01)
    with database.transaction() as session:
        session.execute(sa.text("CREATE TABLE things (id INTEGER)"))
        with pytest.raises(OperationalError), database.transaction() as other:
            other.execute(sa.text("INSERT INTO things VALUES (0)"))
    with database.transaction() as session:
        session.execute(sa.text("INSERT INTO things VALUES (1)"))
    database.close()


def test_a_transaction_within_another_of_its_thread_does_not_wait_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Mock()
    monkeypatch.setattr("storage.database.Lock", lambda: turns)
    database = Database(f"sqlite:///{tmp_path / 'within.db'}")
    with database.transaction(), database.transaction() as session:
        session.execute(sa.text("CREATE TABLE things (id INTEGER)"))
    assert turns.acquire.call_count == turns.release.call_count == 1
    with database.transaction() as session:
        session.execute(sa.text("INSERT INTO things VALUES (1)"))
    assert turns.acquire.call_count == turns.release.call_count == 2
    database.close()
