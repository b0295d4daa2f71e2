"""What a source signs in with elsewhere, sealed, and the permission lists that sources call for."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | Sequence[str] | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    op.add_column("sources", sa.Column("secret", sa.LargeBinary(), nullable=True))
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("source_items", sa.Column("acl_id", number, nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("source_items", "acl_id")
    op.drop_column("sources", "secret")
