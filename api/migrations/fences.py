"""Row-level security in migrations: every table of a tenant stands behind the fence."""

from alembic import op

from storage.row_security import TENANT_COLUMN, fence


def enable_row_security(
    table: str,
    *,
    tenant: str = TENANT_COLUMN,
    credential: str | None = None,
) -> None:
    """Let PostgreSQL show a new table's rows to transactions of their tenant only.

    Call it after `op.create_table` for each table of a tenant's things, which needs a `tenant_id`
    also where another table leads to the tenant; a test fails for one that was forgotten. On SQLite
    nothing happens. What is not the usual stands also in the model's `__table_args__`, as
    `{"info": {"fence": {…}}}` with the same arguments.

    Args:
        table: its name.
        tenant: the column that holds the tenant's id.
        credential: a column with the hash of a secret, by which a row may be found before its
            tenant is known (`storage.row_security.show_credential`).
    """
    if op.get_bind().dialect.name == "postgresql":
        for statement in fence(table, tenant=tenant, credential=credential):
            op.execute(statement)


def disable_row_security(table: str, *, credential: bool = False) -> None:
    """Take the fence of a table down again; dropping the table needs no such call."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(f"DROP POLICY tenant ON {table}")
    if credential:
        op.execute(f"DROP POLICY credential ON {table}")
    op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
