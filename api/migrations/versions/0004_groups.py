"""Groups, their members and roles, and the number that counts changes of rights."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import storage.database

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TENANT_WIDE = sa.text("collection_id IS NULL")


def upgrade() -> None:
    """Apply."""
    epoch = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column(
        "tenants", sa.Column("permission_epoch", epoch, server_default="0", nullable=False)
    )
    _create_groups()
    _create_members()
    # SQLite makes the table again for this; nothing refers to grants, so nothing is lost.
    with op.batch_alter_table("grants") as batch:
        batch.drop_index("uq_grants_tenant_wide")
        batch.alter_column("user_id", existing_type=sa.String(32), nullable=True)
        batch.add_column(sa.Column("group_id", sa.String(32), nullable=True))
        batch.create_foreign_key(
            op.f("fk_grants_group_id_groups"), "groups", ["group_id"], ["id"], ondelete="CASCADE"
        )
        batch.create_unique_constraint(
            op.f("uq_grants_group_id_collection_id"), ["group_id", "collection_id"]
        )
        batch.create_check_constraint(
            op.f("ck_grants_one_holder"), "(user_id IS NULL) <> (group_id IS NULL)"
        )
    _create_tenant_wide_index("uq_grants_tenant_wide", "user_id")
    _create_tenant_wide_index("uq_grants_group_tenant_wide", "group_id")


def downgrade() -> None:
    """Take back; rights that only a group gives are gone."""
    op.execute("DELETE FROM grants WHERE user_id IS NULL OR role = 'auditor'")
    with op.batch_alter_table("grants") as batch:
        batch.drop_index("uq_grants_tenant_wide")
        batch.drop_index("uq_grants_group_tenant_wide")
        batch.drop_constraint(op.f("ck_grants_one_holder"), type_="check")
        batch.drop_constraint(op.f("uq_grants_group_id_collection_id"), type_="unique")
        batch.drop_constraint(op.f("fk_grants_group_id_groups"), type_="foreignkey")
        batch.drop_column("group_id")
        batch.alter_column("user_id", existing_type=sa.String(32), nullable=False)
    _create_tenant_wide_index("uq_grants_tenant_wide", "user_id")
    op.drop_table("group_members")
    op.drop_table("groups")
    op.drop_column("tenants", "permission_epoch")


def _create_groups() -> None:
    op.create_table(
        "groups",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=512), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column("created_at", storage.database.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_groups_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sa.UniqueConstraint(
            "tenant_id", "source", "name", name=op.f("uq_groups_tenant_id_source_name")
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "source",
            "external_id",
            name=op.f("uq_groups_tenant_id_source_external_id"),
        ),
    )


def _create_members() -> None:
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", storage.database.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["groups.id"],
            name=op.f("fk_group_members_group_id_groups"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_group_members_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_group_members_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("group_id", "user_id", name=op.f("pk_group_members")),
    )
    op.create_index(op.f("ix_group_members_user_id"), "group_members", ["user_id"])


def _create_tenant_wide_index(name: str, column: str) -> None:
    # NULLs are distinct in a unique constraint, so the tenant-wide role needs its own.
    op.create_index(
        name,
        "grants",
        [column],
        unique=True,
        sqlite_where=_TENANT_WIDE,
        postgresql_where=_TENANT_WIDE,
    )
