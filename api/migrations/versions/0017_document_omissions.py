"""What of a document was not read although the rest was."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | Sequence[str] | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply; of a document that is there nothing is known until it is processed again."""
    op.add_column("documents", sa.Column("omissions", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("documents", "omissions")
