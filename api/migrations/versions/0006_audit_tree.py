"""A Merkle tree over each tenant's audit log; the entries so far are its first leaves."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from alembic import op

import storage.database
from api.migrations.fences import enable_row_security
from security.audit.canonical import canonical
from security.audit.entry import Fact, Sealed, ocsf_entry, sealed_of
from security.audit.merkle import Frontier, hash_leaf
from security.ddl import protect, unprotect

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ENTRIES = sa.table(
    "audit_entries",
    sa.column("sequence", sa.BigInteger),
    sa.column("id", sa.String),
    sa.column("tenant_id", sa.String),
    sa.column("at", storage.database.UtcDateTime),
    sa.column("actor", sa.String),
    sa.column("action", sa.String),
    sa.column("target", sa.String),
    sa.column("outcome", sa.String),
    sa.column("details", sa.LargeBinary),
    sa.column("body", sa.LargeBinary),
)
_LEAVES = sa.table(
    "audit_leaves",
    sa.column("tenant_id", sa.String),
    sa.column("leaf_index", sa.BigInteger),
    sa.column("sequence", sa.BigInteger),
    sa.column("hashes", sa.LargeBinary),
)
_HEADS = sa.table(
    "audit_heads",
    sa.column("tenant_id", sa.String),
    sa.column("size", sa.BigInteger),
    sa.column("frontier", sa.LargeBinary),
)


def upgrade() -> None:
    """Apply."""
    connection = op.get_bind()
    _create_tables()
    unprotect(connection, "audit_entries")
    empty = sa.text("''")
    op.add_column(
        "audit_entries",
        sa.Column("body", sa.LargeBinary(), server_default=empty, nullable=False),
    )
    _plant(connection)
    op.drop_column("audit_entries", "details")
    protect(connection, "audit_entries")
    for column in ("actor", "target"):
        op.create_index(f"ix_audit_entries_tenant_{column}", "audit_entries", ["tenant_id", column])


def downgrade() -> None:
    """Take back; what was sealed under a person's key cannot be opened there."""
    connection = op.get_bind()
    for column in ("actor", "target"):
        op.drop_index(f"ix_audit_entries_tenant_{column}", table_name="audit_entries")
    unprotect(connection, "audit_entries")
    op.add_column("audit_entries", sa.Column("details", sa.LargeBinary(), nullable=True))
    for row in connection.execute(sa.select(_ENTRIES.c.sequence, _ENTRIES.c.body)):
        sealed = sealed_of(json.loads(row.body)) if row.body else None
        if sealed is not None:
            _update(connection, row.sequence, details=sealed.ciphertext)
    op.drop_column("audit_entries", "body")
    protect(connection, "audit_entries")
    for table in ("audit_checkpoints", "audit_heads", "audit_leaves"):
        op.drop_table(table)
    if connection.dialect.name == "postgresql":
        for table in ("audit_checkpoints", "audit_leaves"):
            op.execute(f"DROP FUNCTION {table}_refuse()")


def _create_tables() -> None:
    op.create_table(
        "audit_leaves",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sequence"],
            ["audit_entries.sequence"],
            name=op.f("fk_audit_leaves_sequence_audit_entries"),
        ),
        _of_tenant("audit_leaves"),
        sa.PrimaryKeyConstraint("tenant_id", "leaf_index", name=op.f("pk_audit_leaves")),
        sa.UniqueConstraint("sequence", name=op.f("uq_audit_leaves_sequence")),
    )
    op.create_table(
        "audit_heads",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        _of_tenant("audit_heads"),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", storage.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        _of_tenant("audit_checkpoints"),
        sa.PrimaryKeyConstraint("tenant_id", "size", name=op.f("pk_audit_checkpoints")),
    )
    for table in ("audit_leaves", "audit_checkpoints"):
        protect(op.get_bind(), table)
    for table in ("audit_leaves", "audit_heads", "audit_checkpoints"):
        enable_row_security(table)


def _of_tenant(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_tenant_id_tenants")
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=name)


def _plant(connection: sa.Connection) -> None:
    """Make a leaf of each entry; its details stay sealed under the tenant's key."""
    trees: dict[str, Frontier] = {}
    for row in connection.execute(sa.select(_ENTRIES).order_by(_ENTRIES.c.sequence)).all():
        body = _body(row)
        _update(connection, row.sequence, body=body)
        tree = trees.get(row.tenant_id, Frontier())
        trees[row.tenant_id], completed = tree.append(hash_leaf(body))
        connection.execute(
            _LEAVES.insert().values(
                tenant_id=row.tenant_id,
                leaf_index=tree.size,
                sequence=row.sequence,
                hashes=b"".join(completed),
            )
        )
    for tenant_id, tree in trees.items():
        connection.execute(
            _HEADS.insert().values(tenant_id=tenant_id, size=tree.size, frontier=tree.to_bytes())
        )


def _body(row: sa.Row[Any]) -> bytes:
    fact = Fact(
        row.id,
        row.tenant_id,
        cast("datetime", row.at),
        row.actor,
        row.action,
        row.target,
        row.outcome,
    )
    return canonical(ocsf_entry(fact, Sealed(None, row.details) if row.details else None))


def _update(connection: sa.Connection, sequence: int, **values: bytes) -> None:
    connection.execute(_ENTRIES.update().where(_ENTRIES.c.sequence == sequence).values(**values))
