"""Put on record what was refused, without letting whoever asks again and again fill the disk.

Within a window the first refusal of a kind is an entry at once; those after it are counted and
become one entry when the window ends. How many kinds a window lists is bounded too.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from security.audit.log import AuditLog
from security.audit_settings import AuditSettings
from storage.database import Database

_ANYTHING: Final = "anything"
"""The operation of all refusals beyond the kinds that a window lists."""


@dataclass(frozen=True, slots=True)
class Denial:
    """Who was refused what: an `operation` such as "GET /v1/users", and the error's `code`."""

    tenant_id: str
    actor: str
    operation: str
    code: str


class Denials:
    """Writes refusals in transactions of their own, since those of the requests are undone."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        settings: AuditSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._audit = audit
        self._settings = settings
        self._clock = clock
        self._lock = Lock()
        self._began: datetime | None = None
        self._repeated: dict[Denial, int] = {}

    def add(self, denial: Denial, target: str | None, address: str) -> None:
        """Record a refusal, or count it.

        Raises:
            AuditUnavailable: it could not be written.
        """
        self.end_window()
        with self._lock:
            self._began = self._began or self._clock()
            if denial not in self._repeated and self._is_full():
                denial, target = replace(denial, actor="anonymous", operation=_ANYTHING), None
            is_first = denial not in self._repeated
            self._repeated[denial] = 0 if is_first else self._repeated[denial] + 1
        if is_first:
            self._write(denial, target, {"code": denial.code, "address": address})

    def end_window(self, *, now: bool = False) -> None:
        """Write the counts of a window that is over, or with `now` of the present one.

        Raises:
            AuditUnavailable: they could not be written.
        """
        with self._lock:
            window = timedelta(seconds=self._settings.denied_window_seconds)
            if self._began is None or (not now and self._clock() - self._began < window):
                return
            counts, self._repeated, self._began = self._repeated, {}, None
        for denial, count in counts.items():
            if count:
                self._write(denial, None, {"code": denial.code, "repeated": count})

    def _is_full(self) -> bool:
        return len(self._repeated) >= self._settings.denied_kinds_max

    def _write(self, denial: Denial, target: str | None, details: dict[str, object]) -> None:
        with self._database.transaction(denial.tenant_id) as session:
            self._audit.record(
                session,
                denial.tenant_id,
                denial.actor,
                denial.operation,
                target,
                "denied",
                details,
            )
