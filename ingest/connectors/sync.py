"""One run of a source: what changed is taken in, what is gone is deleted, each in a transaction.

A run that is broken off begins again and finds done what was done.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.connectors.errors import (
    ItemUnreadable,
    SourceError,
    SourceForbidden,
)
from ingest.connectors.factory import Connectors
from ingest.connectors.holding import ACTOR, Holding
from ingest.connectors.port import Connector, End, Event, Gone, Item, Readers
from ingest.connectors.rights import FollowedRights
from ingest.connectors.rows import Entry, SourceRows
from ingest.connectors.tables import Source
from ingest.errors import IngestError, ParseError, UploadRefused
from ingest.pipeline.failures import as_ingest_error, trace
from ingest.pipeline.steps import Interrupted
from ingest.service import DocumentService
from security.accounts import principal_of
from security.audit import AuditLog
from security.audit.entry import Outcome
from security.errors import Forbidden, NotFound, SecurityError, Unauthenticated
from security.keyring import KeyRing
from security.principal import Principal, Role, Verb
from security.rotation import OPERATOR
from storage.database import Database

_log = structlog.get_logger()
_DOUBLINGS_MAX: Final = 20
_DONE: Final = "done"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one source: all that its job knows."""

    tenant_id: str
    source_id: str
    number: int

    @property
    def workflow_id(self) -> str:
        """The same run never has two jobs."""
        return f"source:{self.source_id}:{self.number}"


@dataclass(slots=True)
class _Tally:
    """What a run has met and done so far."""

    known: dict[str, str]
    groups: Mapping[str, str] | None = None
    acls: dict[str, int | None] = field(default_factory=dict)
    """The permission list of each item, as the rows have it."""
    lists: dict[Readers, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    taken: int = 0
    taken_bytes: int = 0
    refused: int = 0
    removed: int = 0
    moved: int = 0
    """Files whose readers changed."""
    cursor: str | None = None
    """Set when the source was read to its end."""


class SourceSync:
    """Runs sources. Any number of workers may; a run has one job, so it runs once at a time."""

    def __init__(
        self,
        *,
        database: Database,
        keyring: KeyRing,
        audit: AuditLog,
        documents: DocumentService,
        holding: Holding,
        connectors: Connectors,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._audit = audit
        self._documents = documents
        self._holding = holding
        self._connectors = connectors
        self._settings = connectors.settings
        self._clock = clock
        self._rights = FollowedRights(audit, clock)

    @property
    def at_once_max(self) -> int:
        """How many runs a worker has room for."""
        return self._settings.runs_at_once_max

    def run(self, run: Run) -> str:
        """Read a source once, and say when the next time is; return a code for the job.

        Raises:
            Interrupted: the worker stops; the run is to begin again.
        """
        tally = _Tally({})
        try:
            connector, cursor = self._opened(run, tally)
            self._follow(run, connector.changes(cursor, tally.known), tally)
        except Exception as error:  # noqa: BLE001 - libraries raise anything, people get words
            failure = _as_source_error(error)
            _log.warning(
                "source.failed", source=run.source_id, code=failure.code, trace=trace(error)
            )
            self.end(run, tally, failure)
            return failure.code
        self.end(run, tally)
        return _DONE

    def end(
        self, run: Run, tally: _Tally | None = None, failure: IngestError | None = None
    ) -> None:
        """Write how a run ended, and when the next one is due."""
        tally = tally or _Tally({})
        with self._database.transaction(run.tenant_id) as session:
            source = _source(session, run)
            if source is None:
                return
            source.run += 1
            if failure is None:
                self._succeed(session, source, tally)
            else:
                source.failures += 1
                source.error_code, source.error_detail = failure.code, failure.detail
                source.due_at = self._clock() + self._wait_after(source)
            self._record(session, source, tally, failure)

    def _succeed(self, session: Session, source: Source, tally: _Tally) -> None:
        source.failures, source.error_code, source.error_detail = 0, None, None
        source.due_at = self._clock()
        if tally.cursor is not None:  # else more is left, and the next run goes on at once
            source.synced_at = self._clock()
            source.due_at += timedelta(seconds=source.interval_seconds)
            SourceRows(session, self._keyring, source.tenant_id).set_cursor(source, tally.cursor)

    def _wait_after(self, source: Source) -> timedelta:
        settings = self._settings
        wait = settings.backoff_seconds_min * 2 ** min(source.failures - 1, _DOUBLINGS_MAX)
        return timedelta(seconds=min(wait, settings.backoff_seconds_max))

    def _record(
        self, session: Session, source: Source, tally: _Tally, failure: IngestError | None
    ) -> None:
        details: dict[str, object] = {
            "taken": tally.taken,
            "refused": tally.refused,
            "removed": tally.removed,
            "moved": tally.moved,
        }
        if failure is not None:
            details = {**details, "code": failure.code}
        elif not any(details.values()):
            return  # a look that found nothing new is no event
        outcome: Outcome = "success" if failure is None else "failure"
        self._audit.record(
            session, source.tenant_id, ACTOR, "source.sync", source.id, outcome, details
        )

    def _opened(self, run: Run, tally: _Tally) -> tuple[Connector, str | None]:
        with self._database.reading(run.tenant_id) as session:
            source = _source(session, run)
            if source is None:
                return _Nothing(), None
            _actor(session, source)
            rows = SourceRows(session, self._keyring, run.tenant_id)
            for item, entry in rows.entries(source.id):
                tally.known[entry.key], tally.acls[entry.key] = entry.version, item.acl_id
            config = rows.config(source)
            tally.groups = config.mapped_groups
            return self._connectors.connect(config, rows.secret(source)), rows.cursor(source)

    def _follow(self, run: Run, events: Iterator[Event], tally: _Tally) -> None:
        for event in events:
            if self._connectors.wait(0):
                raise Interrupted
            if isinstance(event, End):
                self._finish(run, event, tally)
                return
            tally.seen.add(event.key)
            if isinstance(event, Gone):
                self._remove(run, event.key, tally)
            elif isinstance(event, Item) and tally.known.get(event.key) != event.version:
                self._take(run, event, tally)
            elif event.readers is not None and event.key in tally.known:
                self._follow_rights(run, event.key, event.readers, tally)
            if self._is_enough(tally):
                return

    def _is_enough(self, tally: _Tally) -> bool:
        settings = self._settings
        return (
            tally.taken + tally.refused >= settings.items_per_run_max
            or tally.taken_bytes >= settings.bytes_per_run_max
        )

    def _finish(self, run: Run, end: End, tally: _Tally) -> None:
        if end.complete:
            for key in sorted(tally.known.keys() - tally.seen):
                self._remove(run, key, tally)
        tally.cursor = end.cursor

    def _take(self, run: Run, item: Item, tally: _Tally) -> None:
        try:
            self._store(run, item, tally)
            tally.taken += 1
        except ItemUnreadable:
            tally.refused += 1  # nothing is written, so that the next run tries again
        except (UploadRefused, ParseError) as error:
            tally.refused += 1
            self._refuse(run, item, error)

    def _store(self, run: Run, item: Item, tally: _Tally) -> None:
        with self._database.reading(run.tenant_id) as session:
            source = _present(session, run)
            principal = _actor(session, source)
        with item.open() as content, self._database.transaction(run.tenant_id) as session:
            stored = self._documents.upload(
                session, principal, source.collection_id, item.name, content
            )
            source = _present(session, run)
            rows = SourceRows(session, self._keyring, run.tenant_id)
            entry = Entry(item.key, item.version, item.name)
            row = rows.put(source.id, rows.item(source.id, item.key), entry)
            session.flush()
            self._holding.place(
                session, source, row, stored.document.id, is_new=not stored.duplicate
            )
            if item.readers is not None:
                acl_id = self._list_for(session, source, item.readers, tally)
                self._rights.follow(session, row, acl_id)
            tally.taken_bytes += stored.document.size_bytes

    def _follow_rights(self, run: Run, key: str, readers: Readers, tally: _Tally) -> None:
        present = tally.acls.get(key)
        if present is not None and present == tally.lists.get(readers):
            return  # as it was, which need not be looked up
        with self._database.transaction(run.tenant_id) as session:
            source = _present(session, run)
            acl_id = self._list_for(session, source, readers, tally)
            row = SourceRows(session, self._keyring, run.tenant_id).item(source.id, key)
            if row is not None and row.acl_id != acl_id:
                self._rights.follow(session, row, acl_id)
                tally.moved += 1

    def _list_for(self, session: Session, source: Source, readers: Readers, tally: _Tally) -> int:
        known = tally.lists.get(readers)
        if known is None:
            groups = tally.groups or {}
            known = tally.lists[readers] = self._rights.list_for(session, source, groups, readers)
        return known

    def _refuse(self, run: Run, item: Item, error: IngestError) -> None:
        """Remember why a file is not taken in, until it changes; what it was before goes."""
        with self._database.transaction(run.tenant_id) as session:
            source = _present(session, run)
            rows = SourceRows(session, self._keyring, run.tenant_id)
            present = rows.item(source.id, item.key)
            if present is not None:
                self._holding.remove(session, present)
            row = rows.put(source.id, None, Entry(item.key, item.version, item.name))
            row.error_code, row.error_detail = error.code, error.detail

    def _remove(self, run: Run, key: str, tally: _Tally) -> None:
        with self._database.transaction(run.tenant_id) as session:
            source = _present(session, run)
            row = SourceRows(session, self._keyring, run.tenant_id).item(source.id, key)
            if row is not None:
                self._holding.remove(session, row)
                tally.removed += 1


class _Nothing:
    """What is read of a source that is not there any more."""

    def changes(self, cursor: str | None, known: object) -> Iterator[Event]:  # noqa: ARG002 - the port's signature
        yield from ()


def _source(session: Session, run: Run) -> Source | None:
    query = select(Source).where(
        Source.tenant_id == run.tenant_id,
        Source.id == run.source_id,
        Source.run == run.number,
        Source.is_paused.is_(False),
    )
    return session.scalar(query)


def _present(session: Session, run: Run) -> Source:
    """Return the source.

    Raises:
        SourceError: deleted, paused or changed while it was read.
    """
    source = _source(session, run)
    if source is None:
        raise SourceError
    return source


def _actor(session: Session, source: Source) -> Principal:
    """Return whom a source acts for.

    Raises:
        SourceForbidden: gone, or no longer allowed to administer the collection.
    """
    if source.acts_for == OPERATOR:
        return Principal(source.tenant_id, OPERATOR, OPERATOR, {None: Role.OWNER})
    try:
        principal = principal_of(session, source.acts_for)
    except Unauthenticated as error:
        raise SourceForbidden from error
    if not principal.may(Verb.ADMINISTER, source.collection_id):
        raise SourceForbidden
    return principal


def _as_source_error(error: Exception) -> IngestError:
    if isinstance(error, (Forbidden, NotFound)):
        return SourceForbidden()
    if isinstance(error, SecurityError):
        return SourceError(error.detail)
    return as_ingest_error(error)
