"""Which answers helped."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import storage.database
from api.migrations.fences import enable_row_security

revision: str = "0013"
down_revision: str | Sequence[str] | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply; answers that are older than the table cannot be judged."""
    op.create_table(
        "answer_feedback",
        sa.Column("answer_id", sa.String(32), nullable=False),
        sa.Column("tenant_id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("experiment", sa.String(80), nullable=False),
        sa.Column("arm", sa.String(1), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("helpful", sa.Boolean(), nullable=True),
        sa.Column("at", storage.database.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"],
            ["turns.id"],
            name=op.f("fk_answer_feedback_answer_id_turns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_answer_feedback_tenant_id_tenants")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_answer_feedback_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("answer_id", name=op.f("pk_answer_feedback")),
    )
    op.create_index("ix_answer_feedback_arm", "answer_feedback", ["tenant_id", "experiment", "arm"])
    enable_row_security("answer_feedback")


def downgrade() -> None:
    """Take back."""
    op.drop_table("answer_feedback")
