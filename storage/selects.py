"""Selects of columns past the ORM, whose own part takes longer than SQLite takes for a row."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.orm import Session


def select_rows(
    session: Session, statement: Executable, parameters: Mapping[str, object]
) -> CursorResult[*tuple[Any, ...]]:
    """Run a select of columns in the session's transaction, for what every request asks.

    Side effects: as the ORM does, writes first what the session still has to write.
    """
    if session.new or session.dirty or session.deleted:
        session.flush()
    return session.connection().execute(statement, parameters)
