"""Every column of bytes says what protects it, and a rotation reaches all that it must.

A new column of bytes: mark it with `info=protected(...)` of `security.sealed_columns`. Marked
"tenant", it is sealed at `Place(table, primary key, column)` and rotation needs nothing more.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import api.wiring
import ingest.tables
from security.audit import AuditLog
from security.keyring import KeyRing
from security.keys import FileKeyProvider
from security.places import Place
from security.rotation import KeyRotation
from security.sealed_columns import protection_of
from security.tables import Tenant
from storage.database import Base, Database, UtcDateTime

__all__ = ["api", "ingest"]  # imported for all tables
NOW = datetime(2026, 11, 22, tzinfo=UTC)
TENANT = "t"
PROTECTIONS = {"tenant", "own", "lasting", "wrapped", "hash"}
ROW_COLUMNS = {"tenant_id": TENANT, "id": "row"}


def _columns() -> Iterator[sa.Column[Any]]:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, sa.LargeBinary):
                yield column


def _name(column: sa.Column[Any]) -> str:
    return str(column)


@pytest.mark.parametrize("column", list(_columns()), ids=_name)
def test_every_column_of_bytes_says_what_protects_it(column: sa.Column[Any]) -> None:
    assert protection_of(column) in PROTECTIONS, (
        f"Mark {column} with info=protected(...), see security/sealed_columns.py"
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'rows.db'}")
    Base.metadata.create_all(database.engine)
    yield database
    database.close()


@pytest.mark.parametrize(
    "column", [c for c in _columns() if protection_of(c) == "tenant"], ids=_name
)
def test_a_rotation_seals_every_column_of_the_tenant_again(
    column: sa.Column[Any], database: Database, tmp_path: Path
) -> None:
    keyring = KeyRing(FileKeyProvider.create(tmp_path / "kek"), lambda: NOW)
    rotation = KeyRotation(database, keyring, AuditLog(keyring, lambda: NOW), lambda: NOW)
    table = column.table
    assert isinstance(table, sa.Table)
    row = {c.name: _value(c) for c in table.columns if not c.nullable or c is column}
    name = ".".join(str(row[part.name]) for part in table.primary_key if part.name != "tenant_id")
    place = Place(table.name, name, column.name)
    sealed_columns = [c.name for c in table.columns if protection_of(c) == "tenant"]
    with database.transaction() as session:
        session.add(Tenant(id=TENANT, name=TENANT, created_at=NOW))
        session.flush()
        keyring.create_tenant(session, TENANT)
        fields = keyring.tenant(session, TENANT).fields
        for one in row.keys() & set(sealed_columns):
            row[one] = fields.seal(Place(table.name, name, one), b"text")
    _insert(database, table, row)
    rotation.rotate(TENANT)
    list(rotation.rewrap(TENANT))
    rotation.retire(TENANT, 0)
    with database.reading() as session:
        fields = keyring.tenant(session, TENANT).fields
        sealed = session.scalar(sa.select(column))
    assert sealed is not None
    assert fields.is_newest(sealed)
    assert fields.open(place, sealed) == b"text"


def _insert(database: Database, table: sa.Table, row: dict[str, Any]) -> None:
    """Put a row in without those that it refers to."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("BEGIN")
        connection.execute(sa.insert(table).values(row))
        connection.commit()
    database.engine.dispose()  # this connection is not for others


def _value(column: sa.Column[Any]) -> object:
    if column.name in ROW_COLUMNS:
        return ROW_COLUMNS[column.name]
    if isinstance(column.type, UtcDateTime):
        return NOW
    values = {str: "x", bytes: b"x", int: 1, bool: True, float: 1.0, dict: {}}
    return values.get(column.type.python_type)
