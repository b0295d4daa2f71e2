"""What was asked on a day, counted per person, token and tenant."""

from datetime import date

from sqlalchemy import Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import BIG_ID, Base


class DailyUse(Base):
    """One subject's use of one day (UTC); rows of past days are deleted with the next day's first.

    `subject` is "user:<tenant>/<user>", "token:<digest>" or "tenant:<tenant>".
    """

    __tablename__ = "daily_use"
    __table_args__ = (Index("ix_daily_use_day", "tenant_id", "day"),)

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(80), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    questions: Mapped[int]
    generated_tokens: Mapped[int] = mapped_column(BIG_ID)
