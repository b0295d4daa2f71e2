"""The log's entries, the Merkle tree over them and its checkpoints."""

from datetime import datetime
from typing import cast

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Table, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from security.ddl import refuse_changes
from security.sealed_columns import protected
from storage.database import BIG_ID, ID, Base, UtcDateTime


class AuditEntry(Base):
    """One line of the append-only log: who did what to which thing, and how it ended.

    `body` is the canonical JSON that the leaf is the hash of, with everything personal in it
    encrypted. The other columns repeat what it says, so that it can be searched.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_tenant_at", "tenant_id", "at"),
        Index("ix_audit_entries_tenant_actor", "tenant_id", "actor"),
        Index("ix_audit_entries_tenant_target", "tenant_id", "target"),
        {"sqlite_autoincrement": True},
    )

    sequence: Mapped[int] = mapped_column(BIG_ID, primary_key=True)
    id: Mapped[str] = mapped_column(ID, unique=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str | None] = mapped_column(String(80))
    outcome: Mapped[str] = mapped_column(String(16))
    body: Mapped[bytes] = mapped_column(
        LargeBinary, server_default=text("''"), info=protected("own")
    )


class AuditLeaf(Base):
    """An entry's place in its tenant's tree, numbered from 0 without gaps.

    `hashes` are those of the complete subtrees that end with this leaf, by level from 0, end to
    end: so every inner node is stored exactly once, and a proof reads a row per node.
    """

    __tablename__ = "audit_leaves"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    leaf_index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(ForeignKey("audit_entries.sequence"), unique=True)
    hashes: Mapped[bytes] = mapped_column(LargeBinary, info=protected("hash"))


class AuditHead(Base):
    """How large a tenant's tree is, and the roots of its complete subtrees, largest first."""

    __tablename__ = "audit_heads"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    frontier: Mapped[bytes] = mapped_column(LargeBinary, info=protected("hash"))


class AuditCheckpoint(Base):
    """A signed note on a tenant's tree, as it was also written outside the database."""

    __tablename__ = "audit_checkpoints"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(Text)


for _table in (AuditEntry, AuditLeaf, AuditCheckpoint):
    refuse_changes(cast("Table", _table.__table__))
