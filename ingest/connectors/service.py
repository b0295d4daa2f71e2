"""What people do with sources: connect, look at, change, run now, disconnect."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ingest.collections import CollectionService
from ingest.connectors.configuration import FolderConfig, WebConfig
from ingest.connectors.errors import SourceInvalid, SourcesFull
from ingest.connectors.holding import Holding
from ingest.connectors.rows import SourceRows
from ingest.connectors.settings import SourceSettings
from ingest.connectors.tables import Source, SourceItem
from retrieval.tables import Document
from security.audit import AuditLog
from security.errors import Forbidden, NotFound
from security.keyring import KeyRing
from security.principal import Principal, Verb

State = Literal["waiting", "in_step", "failing", "paused"]
_REFUSED_SHOWN_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that was not taken in, and why."""

    name: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source as it is shown; `refused` names some of the files that were not taken in."""

    id: str
    collection_id: str
    config: FolderConfig | WebConfig
    interval_seconds: int
    state: State
    error_code: str | None
    error_detail: str | None
    item_count: int
    refused_count: int
    refused: Sequence[Refusal]
    synced_at: datetime | None
    due_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """What may be changed of a source; None leaves it as it is."""

    config: FolderConfig | WebConfig | None = None
    interval_seconds: int | None = None
    is_paused: bool | None = None


class SourceService:
    """Everything about sources that a request can ask for, inside its transaction.

    Who administers a collection connects sources to it; who edits there sees them and may have
    them read at once. Nothing is read here: the worker looks for sources that are due.
    """

    def __init__(
        self,
        *,
        keyring: KeyRing,
        audit: AuditLog,
        collections: CollectionService,
        holding: Holding,
        settings: SourceSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self._keyring = keyring
        self._audit = audit
        self._collections = collections
        self._holding = holding
        self._settings = settings
        self._clock = clock

    def sources(self, session: Session, principal: Principal, collection: str) -> list[SourceView]:
        """Return the sources of a collection, the oldest first.

        Raises:
            NotFound, Forbidden: the collection, or the caller may not edit there.
        """
        found = self._collections.find(session, principal, collection, Verb.EDIT)
        query = select(Source).where(Source.collection_id == found.id)
        ordered = query.order_by(Source.created_at, Source.id)
        return [self._view(session, row) for row in session.scalars(ordered)]

    def get(self, session: Session, principal: Principal, source_id: str) -> SourceView:
        """Return a source.

        Raises:
            NotFound, Forbidden: see `sources`.
        """
        return self._view(session, self._find(session, principal, source_id, Verb.EDIT))

    def create(
        self,
        session: Session,
        principal: Principal,
        collection: str,
        config: FolderConfig | WebConfig,
        interval_seconds: int | None = None,
    ) -> SourceView:
        """Connect a source to a collection; it is read for the first time at once.

        Raises:
            NotFound, Forbidden: the collection, or the caller may not administer it.
            SourceInvalid, FolderNotAllowed: what was given cannot be a source.
            SourcesFull: the collection has too many.
        """
        found = self._collections.find(session, principal, collection, Verb.ADMINISTER)
        self._refuse_many(session, found.id)
        key, now = uuid4().hex, self._clock()
        rows = SourceRows(session, self._keyring, principal.tenant_id)
        row = Source(
            id=key,
            tenant_id=principal.tenant_id,
            collection_id=found.id,
            kind=config.kind,
            config=rows.seal_config(key, config.checked(self._settings)),
            interval_seconds=self._interval(interval_seconds),
            is_paused=False,
            acts_for=principal.user_id,
            run=1,
            failures=0,
            due_at=now,
            created_at=now,
        )
        session.add(row)
        self._record(session, principal, "source.create", row)
        return self._view(session, row)

    def change(
        self, session: Session, principal: Principal, source_id: str, change: Change
    ) -> SourceView:
        """Change a source, which acts for the caller from now on; a run that goes on is ended.

        Raises:
            NotFound, Forbidden: the source, or the caller may not administer the collection.
            SourceInvalid, FolderNotAllowed: what was given cannot be this source.
        """
        row = self._find(session, principal, source_id, Verb.ADMINISTER)
        if change.config is not None:
            if change.config.kind != row.kind:
                message = "The kind of a source cannot be changed. Connect another source."
                raise SourceInvalid(message)
            rows = SourceRows(session, self._keyring, principal.tenant_id)
            row.config = rows.seal_config(row.id, change.config.checked(self._settings))
            row.cursor = None
        if change.interval_seconds is not None:
            row.interval_seconds = self._interval(change.interval_seconds)
        if change.is_paused is not None:
            row.is_paused = change.is_paused
        row.acts_for = principal.user_id
        self._start(row)
        self._record(session, principal, "source.update", row)
        return self._view(session, row)

    def sync_now(self, session: Session, principal: Principal, source_id: str) -> SourceView:
        """Let a source be read as soon as a worker is free.

        Raises:
            NotFound, Forbidden: the source, or the caller may not edit in the collection.
            SourceInvalid: it is paused.
        """
        row = self._find(session, principal, source_id, Verb.EDIT)
        if row.is_paused:
            message = "The source is paused. Let it go on first."
            raise SourceInvalid(message)
        row.due_at = min(row.due_at, self._clock())  # a run that goes on is that run
        self._record(session, principal, "source.start", row)
        return self._view(session, row)

    def delete(
        self, session: Session, principal: Principal, source_id: str, *, with_documents: bool
    ) -> None:
        """Disconnect a source; its documents stay as if somebody had uploaded them, or go too.

        Raises:
            NotFound, Forbidden: the source, or the caller may not administer the collection.
        """
        row = self._find(session, principal, source_id, Verb.ADMINISTER)
        self._record(session, principal, "source.delete", row)
        if with_documents:
            items = select(SourceItem).where(SourceItem.source_id == row.id)
            for item in session.scalars(items).all():
                self._holding.remove(session, item)
        kept = update(Document).where(Document.source_id == row.id).values(source_id=None)
        session.execute(kept)
        session.delete(row)

    def _find(self, session: Session, principal: Principal, source_id: str, verb: Verb) -> Source:
        query = select(Source).where(
            Source.id == source_id, Source.tenant_id == principal.tenant_id
        )
        row = session.scalar(query.with_for_update())
        if row is None or not principal.verbs(row.collection_id):
            raise NotFound
        if not principal.may(verb, row.collection_id):
            raise Forbidden
        return row

    def _start(self, row: Source) -> None:
        row.run += 1
        row.failures, row.error_code, row.error_detail = 0, None, None
        row.due_at = self._clock()

    def _interval(self, seconds: int | None) -> int:
        wanted = seconds or self._settings.interval_seconds_default
        return max(wanted, self._settings.interval_seconds_min)

    def _refuse_many(self, session: Session, collection_id: str) -> None:
        query = select(func.count()).where(Source.collection_id == collection_id)
        if (session.scalar(query) or 0) >= self._settings.sources_per_collection_max:
            raise SourcesFull

    def _view(self, session: Session, row: Source) -> SourceView:
        session.flush()
        rows = SourceRows(session, self._keyring, row.tenant_id)
        items = select(func.count(), func.count(SourceItem.error_code))
        count, refused = session.execute(items.where(SourceItem.source_id == row.id)).one()
        failed = select(SourceItem).where(
            SourceItem.source_id == row.id, SourceItem.error_code.is_not(None)
        )
        shown = session.scalars(failed.order_by(SourceItem.id).limit(_REFUSED_SHOWN_MAX))
        return SourceView(
            id=row.id,
            collection_id=row.collection_id,
            config=rows.config(row),
            interval_seconds=row.interval_seconds,
            state=_state(row),
            error_code=row.error_code,
            error_detail=row.error_detail,
            item_count=count,
            refused_count=refused,
            refused=[
                Refusal(rows.entry(item).name, item.error_code or "", item.error_detail or "")
                for item in shown
            ],
            synced_at=row.synced_at,
            due_at=None if row.is_paused else row.due_at,
            created_at=row.created_at,
        )

    def _record(self, session: Session, principal: Principal, action: str, row: Source) -> None:
        details = {"kind": row.kind, "collection": row.collection_id}
        self._audit.record(
            session, principal.tenant_id, principal.user_id, action, row.id, details=details
        )


def _state(row: Source) -> State:
    if row.is_paused:
        return "paused"
    if row.error_code is not None:
        return "failing"
    return "waiting" if row.synced_at is None else "in_step"
