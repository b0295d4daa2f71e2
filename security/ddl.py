"""Triggers by which the database itself refuses to change a table that only grows.

They keep honest code honest and an injected statement out; whoever owns the database can remove
them, which is what the audit log's own chain is for.
"""

from typing import Final

from sqlalchemy import DDL, Table, event

AUDIT_SQLITE: Final = (
    "CREATE TRIGGER audit_entries_refuse_update BEFORE UPDATE ON audit_entries "
    "BEGIN SELECT RAISE(ABORT, 'audit_entries only grows'); END",
    "CREATE TRIGGER audit_entries_refuse_delete BEFORE DELETE ON audit_entries "
    "BEGIN SELECT RAISE(ABORT, 'audit_entries only grows'); END",
    # INSERT OR REPLACE deletes without calling the DELETE trigger.
    "CREATE TRIGGER audit_entries_refuse_replace BEFORE INSERT ON audit_entries "
    "WHEN EXISTS (SELECT 1 FROM audit_entries WHERE sequence = NEW.sequence OR id = NEW.id) "
    "BEGIN SELECT RAISE(ABORT, 'audit_entries only grows'); END",
)
AUDIT_POSTGRESQL: Final = (
    "CREATE OR REPLACE FUNCTION audit_entries_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'audit_entries only grows'; END $$",
    "CREATE TRIGGER audit_entries_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE "
    "ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_refuse()",
)


def refuse_changes(table: Table) -> None:
    """Create the audit triggers whenever `table` is created from the metadata."""
    for dialect, statements in (("sqlite", AUDIT_SQLITE), ("postgresql", AUDIT_POSTGRESQL)):
        for statement in statements:
            ddl = DDL(statement)  # type: ignore[no-untyped-call]
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))
