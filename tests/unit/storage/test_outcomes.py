"""Actions that follow a transaction."""

from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from storage.database import Database
from storage.outcomes import after_commit, after_rollback, before_commit


class Broken(Exception):
    pass


class Own(DeclarativeBase):
    pass


class Thing(Own):
    __tablename__ = "things"

    id: Mapped[int] = mapped_column(primary_key=True)


def watch(session: Session) -> list[str]:
    seen: list[str] = []
    after_commit(session, lambda: seen.append("committed"))
    after_rollback(session, lambda: seen.append("rolled back"))
    session.execute(text("SELECT 1"))
    return seen


def nest(session: Session, *, broken: bool) -> None:
    with suppress(Broken), session.begin_nested():
        session.execute(text("SELECT 1"))
        if broken:
            raise Broken


def test_commit(database: Database) -> None:
    with database.transaction() as session:
        seen = watch(session)
        assert seen == []
    assert seen == ["committed"]


def test_rollback(database: Database) -> None:
    with suppress(Broken), database.transaction() as session:
        seen = watch(session)
        raise Broken
    assert seen == ["rolled back"]


def test_savepoints_decide_nothing(database: Database) -> None:
    with database.transaction() as session:
        seen = watch(session)
        nest(session, broken=False)
        nest(session, broken=True)
        assert seen == []
    assert seen == ["committed"]


def test_the_last_part_of_a_transaction_runs_once_and_for_no_savepoint(
    database: Database,
) -> None:
    seen: list[str] = []
    with database.transaction() as session:
        before_commit(session, lambda: seen.append("last"))
        nest(session, broken=False)
        nest(session, broken=True)
        assert seen == []
    assert seen == ["last"]


def test_failing_commit_is_a_rollback(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_connection: object) -> None:
        raise Broken

    monkeypatch.setattr(database.engine.dialect, "do_commit", fail)
    with suppress(Broken), database.transaction() as session:
        seen = watch(session)
    assert seen == ["rolled back"]


@pytest.mark.parametrize("nested", [False, True])
def test_a_statement_that_fails_is_a_rollback(database: Database, nested: bool) -> None:
    Own.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(Thing(id=1))
    with suppress(IntegrityError), database.transaction() as session:
        seen = watch(session)
        if nested:
            session.begin_nested()
        session.add(Thing(id=1))
        session.flush()
    assert seen == ["rolled back"]
