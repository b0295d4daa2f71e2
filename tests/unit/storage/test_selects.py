"""Selects past the ORM see what it sees."""

from datetime import UTC, datetime

import sqlalchemy as sa

from security.tables import Tenant
from storage.database import Database
from storage.selects import select_rows

NAMES = sa.select(Tenant.name, Tenant.created_at).where(Tenant.id == sa.bindparam("id"))
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_what_the_session_has_still_to_write_is_found(database: Database) -> None:
    wanted = {"id": "a" * 32}
    with database.transaction() as session:
        row = Tenant(id=wanted["id"], name="a", created_at=NOON)
        session.add(row)
        assert select_rows(session, NAMES, wanted).one() == ("a", NOON)
        row.name = "b"
        assert select_rows(session, NAMES, wanted).one() == ("b", NOON)
        session.delete(row)
        assert select_rows(session, NAMES, wanted).one_or_none() is None
