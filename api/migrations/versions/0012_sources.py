"""Sources that collections are kept in step with."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from api.migrations.fences import enable_row_security
from storage.database import UtcDateTime

revision: str = "0012"
down_revision: str | Sequence[str] | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    op.add_column("documents", sa.Column("source_id", sa.String(32), nullable=True))
    op.create_table(
        "sources",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("tenant_id", sa.String(32), nullable=False),
        sa.Column("collection_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("config", sa.LargeBinary(), nullable=False),
        sa.Column("cursor", sa.LargeBinary(), nullable=True),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("acts_for", sa.String(32), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        *_errors(),
        sa.Column("due_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("synced_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        _of("sources", "tenant_id", "tenants"),
        _of("sources", "collection_id", "collections", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
    )
    op.create_index("ix_sources_collection", "sources", ["tenant_id", "collection_id"])
    op.create_index("ix_sources_due", "sources", ["is_paused", "due_at"])
    enable_row_security("sources")
    _items()


def downgrade() -> None:
    """Take back."""
    op.drop_table("source_items")
    op.drop_table("sources")
    op.drop_column("documents", "source_id")


def _items() -> None:
    op.create_table(
        "source_items",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("tenant_id", sa.String(32), nullable=False),
        sa.Column("source_id", sa.String(32), nullable=False),
        sa.Column("key_digest", sa.String(64), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("document_id", sa.String(32), nullable=True),
        sa.Column("incoming_id", sa.String(32), nullable=True),
        *_errors(),
        _of("source_items", "tenant_id", "tenants"),
        _of("source_items", "source_id", "sources", "CASCADE"),
        _of("source_items", "document_id", "documents", "SET NULL"),
        _of("source_items", "incoming_id", "documents", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_items")),
        sa.UniqueConstraint(
            "source_id", "key_digest", name=op.f("uq_source_items_source_id_key_digest")
        ),
    )
    op.create_index("ix_source_items_document", "source_items", ["document_id"])
    op.create_index("ix_source_items_incoming", "source_items", ["incoming_id"])
    enable_row_security("source_items")


def _errors() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("error_code", sa.String(64), nullable=True),
        sa.Column("error_detail", sa.String(500), nullable=True),
    )


def _of(
    table: str, column: str, other: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)
