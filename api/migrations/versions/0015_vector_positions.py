"""How far a shared vector store has followed the changes."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from api.migrations.fences import enable_row_security

revision: str = "0015"
down_revision: str | Sequence[str] | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "vector_positions",
        sa.Column("store", sa.String(32), nullable=False),
        sa.Column("tenant_id", sa.String(32), nullable=False),
        sa.Column("sequence", number, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_vector_positions_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("store", "tenant_id", name=op.f("pk_vector_positions")),
    )
    enable_row_security("vector_positions")


def downgrade() -> None:
    """Take back."""
    op.drop_table("vector_positions")
