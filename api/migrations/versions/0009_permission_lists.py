"""Names by which permission lists are found, and the list of a collection's new documents."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

from api.migrations.fences import enable_row_security

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_FOREIGN_KEY: Final = "fk_collections_default_acl_id_acls"
_ID: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply; the lists so far allow collections and deny nobody."""
    names = op.create_table(
        "acl_names",
        sa.Column("acl_id", _ID, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("denies", sa.Boolean(), nullable=False),
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["acl_id"], ["acls.id"], name=op.f("fk_acl_names_acl_id_acls"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_acl_names_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("acl_id", "name", "denies", name=op.f("pk_acl_names")),
    )
    op.create_index("ix_acl_names_look_up", "acl_names", ["tenant_id", "name", "denies", "acl_id"])
    enable_row_security("acl_names")
    op.create_index("ix_documents_acl", "documents", ["acl_id"])
    _add_default_list()
    _name_present_lists(names)


def downgrade() -> None:
    """Take back; what came before knows no deny lists, so what has one is closed to everybody."""
    lists = sa.table("acls", sa.column("allow", sa.JSON), sa.column("deny", sa.JSON))
    denying = sa.cast(lists.c.deny, sa.Text) != "[]"
    op.execute(lists.update().where(denying).values(allow=[]))
    if _is_postgresql():
        op.drop_constraint(_FOREIGN_KEY, "collections", type_="foreignkey")
    op.drop_column("collections", "default_acl_id")
    op.drop_index("ix_documents_acl", "documents")
    op.drop_table("acl_names")


def _add_default_list() -> None:
    if _is_postgresql():
        op.add_column("collections", sa.Column("default_acl_id", _ID, nullable=True))
        op.create_foreign_key(_FOREIGN_KEY, "collections", "acls", ["default_acl_id"], ["id"])
        return
    # Alembic would make SQLite's table again for the foreign key, and so delete what refers to it.
    op.execute(
        "ALTER TABLE collections ADD COLUMN default_acl_id INTEGER "
        f"CONSTRAINT {_FOREIGN_KEY} REFERENCES acls (id)"
    )


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _name_present_lists(names: sa.Table) -> None:
    acls = sa.table(
        "acls", sa.column("id", _ID), sa.column("tenant_id", sa.String), sa.column("allow", sa.JSON)
    )
    rows = [
        {"acl_id": acl_id, "tenant_id": tenant_id, "name": name, "denies": False}
        for acl_id, tenant_id, allow in op.get_bind().execute(sa.select(acls))
        for entry in allow
        for name in {entry, entry.partition(":")[0]}
    ]
    if rows:
        op.bulk_insert(names, rows)
