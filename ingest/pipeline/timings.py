"""Sums of step timings, kept in a row each: the API exports what its workers measured."""

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest.tables import StepTiming


def add_timing(session: Session, step: str, seconds: float) -> None:
    """Add one document to a step's sums; several workers may do so at once."""
    if _added(session, step, seconds):
        return
    try:
        with session.begin_nested():
            session.add(StepTiming(step=step, documents=1, seconds=seconds))
    except IntegrityError:  # another worker was the first
        _added(session, step, seconds)


def _added(session: Session, step: str, seconds: float) -> bool:
    increased = (
        update(StepTiming)
        .where(StepTiming.step == step)
        .values(documents=StepTiming.documents + 1, seconds=StepTiming.seconds + seconds)
        .execution_options(synchronize_session=False)
        .returning(StepTiming.step)
    )
    return session.scalar(increased) is not None
