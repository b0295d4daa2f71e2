"""Kept evaluations."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import storage.database
from api.migrations.fences import enable_row_security

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "evaluations",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("tenant_id", sa.String(32), nullable=False),
        sa.Column("created_by", sa.String(32), nullable=False),
        sa.Column("created_at", storage.database.UtcDateTime(), nullable=False),
        sa.Column("run", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_evaluations_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
    )
    op.create_index("ix_evaluations_tenant", "evaluations", ["tenant_id", "created_at"])
    enable_row_security("evaluations")


def downgrade() -> None:
    """Take back."""
    op.drop_table("evaluations")
