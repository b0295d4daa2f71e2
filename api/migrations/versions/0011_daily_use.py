"""What was asked on a day."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from api.migrations.fences import enable_row_security

revision: str = "0011"
down_revision: str | Sequence[str] | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    tokens = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "daily_use",
        sa.Column("tenant_id", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.Column("generated_tokens", tokens, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_daily_use_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "subject", "day", name=op.f("pk_daily_use")),
    )
    op.create_index("ix_daily_use_day", "daily_use", ["tenant_id", "day"])
    enable_row_security("daily_use")


def downgrade() -> None:
    """Take back."""
    op.drop_table("daily_use")
