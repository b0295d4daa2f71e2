"""Actions that follow a transaction."""

import pytest
from sqlalchemy import text

from storage.database import Database
from storage.outcomes import after_commit, after_rollback


def test_commit(database: Database) -> None:
    seen: list[str] = []
    with database.transaction() as session:
        after_commit(session, lambda: seen.append("committed"))
        after_rollback(session, lambda: seen.append("rolled back"))
        session.execute(text("SELECT 1"))
        assert seen == []
    assert seen == ["committed"]


def test_rollback(database: Database) -> None:
    seen: list[str] = []
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        after_commit(session, lambda: seen.append("committed"))
        after_rollback(session, lambda: seen.append("rolled back"))
        session.execute(text("SELECT 1"))
        raise ZeroDivisionError
    assert seen == ["rolled back"]


def test_savepoints_decide_nothing(database: Database) -> None:
    seen: list[str] = []
    with database.transaction() as session:
        after_commit(session, lambda: seen.append("committed"))
        after_rollback(session, lambda: seen.append("rolled back"))
        with session.begin_nested():
            session.execute(text("SELECT 1"))
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            session.execute(text("SELECT 1"))
            raise ZeroDivisionError
        assert seen == []
    assert seen == ["committed"]


def test_failing_commit_is_a_rollback(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def fail(_connection: object) -> None:
        raise OSError

    monkeypatch.setattr(database.engine.dialect, "do_commit", fail)
    with pytest.raises(OSError), database.transaction() as session:  # noqa: PT011 - bare on purpose
        after_commit(session, lambda: seen.append("committed"))
        after_rollback(session, lambda: seen.append("rolled back"))
        session.execute(text("SELECT 1"))
    assert seen == ["rolled back"]
