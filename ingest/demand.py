"""Whether a worker has anything to do."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import exists, or_, select

from ingest.connectors.tables import Source
from ingest.states import Status
from retrieval.tables import Document
from storage.database import Database
from storage.row_security import ALL_TENANTS

_UNFINISHED = (Status.QUEUED, Status.PROCESSING)


class Demand:
    """Looks for unfinished documents and, if sources are wanted too, for those that are due."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], *, with_sources: bool
    ) -> None:
        self._database = database
        self._clock = clock
        self._with_sources = with_sources

    def is_there(self) -> bool:
        """Whether the workflow engine is needed."""
        wanted = [exists().where(Document.status.in_(_UNFINISHED))]
        if self._with_sources:
            due = exists().where(Source.is_paused.is_(False), Source.due_at <= self._clock())
            wanted.append(due)
        with self._database.reading(ALL_TENANTS) as session:
            return bool(session.scalar(select(or_(*wanted))))

    def begun(self) -> frozenset[str]:
        """Return the ids of the documents that are being processed, or were broken off."""
        query = select(Document.id).where(Document.status == Status.PROCESSING)
        with self._database.reading(ALL_TENANTS) as session:
            return frozenset(session.scalars(query))


class Caution:
    """Documents go one by one while some are at hand that a process may have died from.

    The workflow engine counts the end of a process against everything that it had begun, and a
    harmless document would be given up with a deadly one.
    """

    def __init__(self, demand: Demand, lift: Callable[[], None]) -> None:
        self._demand = demand
        self._lift = lift
        self._suspects = demand.begun()

    @property
    def is_needed(self) -> bool:
        """Whether some document was begun by a process that is gone, as far as one can know."""
        return bool(self._suspects)

    def look(self) -> None:
        """Lift the caution once all of those came to an end."""
        if self._suspects and not self._suspects & self._demand.begun():
            self._suspects = frozenset()
            self._lift()
