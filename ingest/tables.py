"""The workers, as they report themselves and what their work takes."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import BIG_ID, Base, UtcDateTime


class Worker(Base):
    """A worker process; one whose `seen_at` is old is taken for dead."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StepTiming(Base):
    """How many documents went through a step of the pipeline, and how long that took in all."""

    __tablename__ = "step_timings"

    step: Mapped[str] = mapped_column(String(16), primary_key=True)
    documents: Mapped[int] = mapped_column(BIG_ID)
    seconds: Mapped[float]
