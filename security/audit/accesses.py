"""Entries about what was read: those of requests that end at the same time are written together.

Nothing may go out before its entry is durable, so every request waits for the transaction that
holds its own. A database commits so many transactions a second, and each of them may hold many
entries (group commit: DeWitt et al., "Implementation techniques for main memory database systems",
SIGMOD 1984).
"""

from collections.abc import Sequence
from concurrent.futures import Future
from threading import Lock

from security.audit.entry import Access
from security.audit.log import AuditLog
from storage.database import Database

_Waiting = tuple[Access, Future[None]]


class Accesses:
    """Writes entries in transactions of their own; safe to share between threads."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit
        self._waiting: dict[str, list[_Waiting]] = {}
        self._guard = Lock()
        self._turn = Lock()

    def __len__(self) -> int:
        """Count the entries that wait for their transaction to begin."""
        with self._guard:
            return sum(map(len, self._waiting.values()))

    def record(self, access: Access) -> None:
        """Return once the entry is durable; not within a transaction that writes.

        Raises:
            AuditUnavailable: it could not be written; then nothing may be read.
        """
        result = Future[None]()
        with self._guard:
            waiting = self._waiting.setdefault(access.tenant_id, [])
            waiting.append((access, result))
            is_first = len(waiting) == 1
        if is_first:  # it takes along those that come while others are being written
            with self._turn:
                with self._guard:
                    taken = self._waiting.pop(access.tenant_id)
                self._write(taken)
        result.result()

    def _write(self, taken: Sequence[_Waiting]) -> None:
        try:
            with self._database.transaction(taken[0][0].tenant_id) as session:
                self._audit.record_all(session, [access for access, _ in taken])
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for it
            if len(taken) == 1:
                taken[0][1].set_exception(error)
            else:  # what is wrong with one must not be the others' fault
                for each in taken:
                    self._write([each])
        else:
            for _, result in taken:
                result.set_result(None)
