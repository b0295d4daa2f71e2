"""Triggers by which the database itself refuses to change a table that only grows.

They keep honest code honest and an injected statement out; whoever owns the database can remove
them, which is what the audit log's Merkle tree is for.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import DDL, Connection, Table, event, text

_KEYS: Final = {
    "audit_entries": ("sequence = NEW.sequence", "id = NEW.id"),
    "audit_leaves": (
        "(tenant_id = NEW.tenant_id AND leaf_index = NEW.leaf_index)",
        "sequence = NEW.sequence",
    ),
    "audit_checkpoints": ("(tenant_id = NEW.tenant_id AND size = NEW.size)",),
}
"""The tables that only grow, each with the conditions by which a row replaces another."""


def refuse_changes(table: Table) -> None:
    """Create the triggers whenever `table` is created from the metadata."""
    for dialect in ("sqlite", "postgresql"):
        for statement in protection(dialect, table.name):
            ddl = DDL(statement)  # type: ignore[no-untyped-call]
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


def protect(connection: Connection, table: str) -> None:
    """Create a table's triggers."""
    for statement in protection(connection.dialect.name, table):
        connection.execute(text(statement))


def unprotect(connection: Connection, table: str) -> None:
    """Remove a table's triggers, for a migration that rewrites its rows."""
    if connection.dialect.name == "sqlite":
        for change in ("update", "delete", "replace"):
            connection.execute(text(f"DROP TRIGGER {table}_refuse_{change}"))
    else:
        connection.execute(text(f"DROP TRIGGER {table}_refuse_change ON {table}"))


def protection(dialect: str, table: str) -> Sequence[str]:
    """Return the statements that create a table's triggers."""
    if dialect == "sqlite":
        abort = f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
        same = f"SELECT 1 FROM {table} WHERE {' OR '.join(_KEYS[table])}"  # noqa: S608 - our names
        return (
            f"CREATE TRIGGER {table}_refuse_update BEFORE UPDATE ON {table} {abort}",
            f"CREATE TRIGGER {table}_refuse_delete BEFORE DELETE ON {table} {abort}",
            # INSERT OR REPLACE deletes without calling the DELETE trigger.
            f"CREATE TRIGGER {table}_refuse_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS ({same}) {abort}",
        )
    return (
        f"CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} only grows'; END $$",
        f"CREATE TRIGGER {table}_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE "
        f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()",
    )
