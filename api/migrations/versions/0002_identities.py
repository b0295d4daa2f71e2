"""Accounts without a password, and who they are to an identity provider."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import storage.database

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    _replace_password_hash(sa.Column("new_hash", sa.String(length=200), nullable=True))
    op.create_table(
        "identities",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("issuer", sa.String(length=512), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", storage.database.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_identities_tenant_id_tenants")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_identities_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "issuer", "subject", name=op.f("pk_identities")),
    )
    op.create_index(op.f("ix_identities_user_id"), "identities", ["user_id"], unique=False)


def downgrade() -> None:
    """Take back; an account without a password keeps one that nothing matches."""
    op.drop_table("identities")
    op.execute("UPDATE users SET password_hash = '' WHERE password_hash IS NULL")
    _replace_password_hash(
        sa.Column("new_hash", sa.String(length=200), nullable=False, server_default="")
    )


def _replace_password_hash(column: sa.Column[str]) -> None:
    # SQLite changes a column only by making the table again, and dropping the old table there
    # deletes, by their foreign keys, all grants, sessions, tokens and conversations.
    op.add_column("users", column)
    op.execute("UPDATE users SET new_hash = password_hash")
    op.drop_column("users", "password_hash")
    op.alter_column("users", "new_hash", new_column_name="password_hash")
