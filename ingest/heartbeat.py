"""Signs of life of the workers, for `/readyz`, for metrics and for each other."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ingest.tables import Worker
from storage.database import Database


class Heartbeat:
    """The sign of life of one worker."""

    def __init__(self, database: Database, name: str, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._name = name
        self._clock = clock

    def start(self) -> None:
        """Say that this worker has just started."""
        now = self._clock()
        with self._database.transaction() as session:
            session.merge(Worker(name=self._name, started_at=now, seen_at=now))

    def beat(self) -> None:
        """Say that this worker lives."""
        with self._database.transaction() as session:
            worker = session.get(Worker, self._name)
            if worker is None:  # another worker took this one for dead
                session.add(
                    Worker(name=self._name, started_at=self._clock(), seen_at=self._clock())
                )
            else:
                worker.seen_at = self._clock()

    def end(self) -> None:
        """Say that this worker has stopped."""
        with self._database.transaction() as session:
            session.execute(delete(Worker).where(Worker.name == self._name))

    def living(self, silence: timedelta) -> frozenset[str]:
        """Forget the workers that were silent that long, and return the names of the others.

        This one lives whatever its row says, for a busy machine may keep it from saying so.
        """
        silent = Worker.seen_at < self._clock() - silence
        with self._database.transaction() as session:
            session.execute(delete(Worker).where(silent, Worker.name != self._name))
            return frozenset(session.scalars(select(Worker.name))) | {self._name}


def last_seen(session: Session) -> datetime | None:
    """Return when any worker last gave a sign of life, None when none runs."""
    return session.scalar(select(func.max(Worker.seen_at)))
