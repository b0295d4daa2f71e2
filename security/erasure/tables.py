"""Receipts of what was erased."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import ID, Base, UtcDateTime


class ErasureReceipt(Base):
    """A signed receipt; ids and digests only. It outlives the tenant that it is about."""

    __tablename__ = "erasure_receipts"
    __table_args__ = (Index("ix_erasure_receipts_tenant_at", "tenant_id", "at"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    kind: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    text: Mapped[str] = mapped_column(Text)
