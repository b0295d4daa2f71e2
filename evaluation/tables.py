"""Evaluations that are kept for the tenant's administrators."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from security.sealed_columns import protected
from storage.database import ID, Base, UtcDateTime


class EvaluationRow(Base):
    """A run of an evaluation, sealed under its own key "evaluation:<id>"."""

    __tablename__ = "evaluations"
    __table_args__ = (Index("ix_evaluations_tenant", "tenant_id", "created_at"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    created_by: Mapped[str] = mapped_column(ID)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Sealed JSON of evaluation.runs.Run.
    run: Mapped[bytes] = mapped_column(LargeBinary, info=protected("own"))
