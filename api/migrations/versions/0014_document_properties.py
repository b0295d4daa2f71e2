"""What documents are filtered by: tags, the date and the author that a file tells."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from api.migrations.fences import enable_row_security

revision: str = "0014"
down_revision: str | Sequence[str] | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply; a document that is there is dated by its upload until it is processed again."""
    op.add_column(
        "documents",
        sa.Column("dated_on", sa.Date(), nullable=False, server_default="1970-01-01"),
    )
    op.add_column("documents", sa.Column("author", sa.LargeBinary(), nullable=True))
    op.add_column("documents", sa.Column("author_digest", sa.String(64), nullable=True))
    if _is_postgresql():
        op.execute("UPDATE documents SET dated_on = (created_at AT TIME ZONE 'UTC')::date")
        op.alter_column("documents", "dated_on", server_default=None)
    else:  # SQLite keeps a default, which nobody uses
        op.execute("UPDATE documents SET dated_on = date(created_at)")
    op.create_table(
        "document_tags",
        sa.Column("document_id", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("tenant_id", sa.String(32), nullable=False),
        sa.Column("label", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_document_tags_document_id_documents"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_document_tags_tenant_id_tenants")
        ),
        sa.PrimaryKeyConstraint("document_id", "digest", name=op.f("pk_document_tags")),
    )
    op.create_index("ix_document_tags_digest", "document_tags", ["tenant_id", "digest"])
    enable_row_security("document_tags")


def downgrade() -> None:
    """Take back."""
    op.drop_table("document_tags")
    for column in ("author_digest", "author", "dated_on"):
        op.drop_column("documents", column)


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
