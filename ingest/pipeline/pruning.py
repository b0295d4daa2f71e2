"""The worker's housekeeping: what is finished, and what nobody follows any more, goes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from dbos import DBOS, WorkflowStatusString

from retrieval.pruning import delete_changes, superfluous_changes
from storage.database import Database
from storage.row_security import ALL_TENANTS

_FINISHED: Final = [
    WorkflowStatusString.SUCCESS.value,
    WorkflowStatusString.ERROR.value,
    WorkflowStatusString.CANCELLED.value,
    WorkflowStatusString.MAX_RECOVERY_ATTEMPTS_EXCEEDED.value,
]
_WORKFLOWS_MAX: Final = 500
_CHANGES_MAX: Final = 5_000


class Pruning:
    """Deletes old jobs of the engine and old changes, so many a run. Workers may do so at once."""

    def __init__(self, database: Database, days: int, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._age = timedelta(days=days)
        self._clock = clock

    def run(self) -> None:
        """Delete what was begun longer ago than the age, and is over."""
        before = self._clock() - self._age
        prune_workflows(before)
        self._prune_changes(before)

    def _prune_changes(self, before: datetime) -> None:
        # Found in a transaction that only reads, so that SQLite's one writer waits for little.
        with self._database.reading(ALL_TENANTS) as session:
            found = superfluous_changes(session, before, _CHANGES_MAX)
        if found:
            with self._database.transaction(ALL_TENANTS) as session:
                delete_changes(session, found)


def prune_workflows(before: datetime) -> None:
    """Delete the engine's oldest finished jobs that were enqueued before; rows tell how they ended.

    A document's unfinished row is compared with its job within seconds (`Dispatcher.reconcile`), so
    none needs a job of that age.
    """
    found = DBOS.list_workflows(
        status=_FINISHED,
        end_time=before.isoformat(),
        limit=_WORKFLOWS_MAX,
        load_input=False,
        load_output=False,
    )
    if found:
        DBOS.delete_workflows([state.workflow_id for state in found])
