"""Which columns are sealed, under what, and sealing a tenant's again after a rotation.

Every column of bytes says in its `info` what protects it; a test refuses one that does not. What
the tenant's key seals itself stands at the place (table, primary key, column): rotation finds it by
that alone, so a new column needs its mark and nothing else. Parts of a primary key are joined by
dots, the tenant's id left out.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from sqlalchemy import Column, ColumnElement, SQLColumnExpression, Table, func, select, update
from sqlalchemy.orm import Session

from security.cipher import Cipher
from security.places import Place
from storage.database import Base

Protection = Literal["tenant", "own", "lasting", "wrapped", "hash"]
"""`tenant`: sealed under the newest version of the tenant's key, and again after a rotation.
`own`: under a wrapped key of its own. `lasting`: under a key that outlives versions. `wrapped`: a
key itself, which rotation wraps again. `hash`: a digest of a random secret or of ciphertext."""
_MARK: Final = "protection"
_ID_START, _ID_BYTES = 3, 16
"""Where a ciphertext names its key, counted from 1 as SQL does (see aead.py)."""


def protected(by: Protection) -> dict[str, Any]:
    """Return the `info` of a column of bytes: what protects it."""
    return {_MARK: by}


def protection_of(column: Column[Any]) -> str | None:
    """Return what a column says of its protection."""
    return column.info.get(_MARK)


def key_id_of(column: SQLColumnExpression[bytes]) -> ColumnElement[bytes]:
    """Select the id of the key that a ciphertext in `column` names."""
    return func.substr(column, _ID_START, _ID_BYTES)


def reseal(session: Session, tenant_id: str, fields: Cipher, rows_max: int) -> int:
    """Seal up to `rows_max` fields again that are under an older version; count them."""
    moved = 0
    for column in _tenant_columns():
        table = column.table
        older = _older(column, tenant_id, fields)
        keys = list(table.primary_key)
        rows = session.execute(select(*keys, column).where(*older).limit(rows_max - moved))
        for *key, sealed in rows.all():
            identity = dict(zip(keys, key, strict=True))
            place = Place(table.name, _row_name(identity), column.name)
            again = fields.seal(place, fields.open(place, sealed))
            # Only if it is still the same: a change meanwhile has sealed it under the newest.
            same = [part == value for part, value in identity.items()]
            session.execute(update(table).where(*same, column == sealed).values({column: again}))
            moved += 1
        if moved == rows_max:
            break
    return moved


def is_sealed_by_older(session: Session, tenant_id: str, fields: Cipher) -> bool:
    """Tell whether any field is still under an older version of the tenant's key."""
    return any(
        session.execute(select(column).where(*_older(column, tenant_id, fields)).limit(1)).first()
        for column in _tenant_columns()
    )


def _tenant_columns() -> Iterator[Column[Any]]:
    for table in Base.metadata.sorted_tables:
        yield from (column for column in table.columns if protection_of(column) == "tenant")


def _older(column: Column[Any], tenant_id: str, fields: Cipher) -> tuple[ColumnElement[bool], ...]:
    owner = _table(column).columns["tenant_id"]
    return owner == tenant_id, column.is_not(None), key_id_of(column) != fields.key.id


def _table(column: Column[Any]) -> Table:
    table = column.table
    assert isinstance(table, Table)  # noqa: S101 - columns come from tables here
    return table


def _row_name(identity: Mapping[Column[Any], object]) -> str:
    return ".".join(str(value) for part, value in identity.items() if part.name != "tenant_id")
