"""What people do with sources: connect, look at, change, run now, disconnect."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ingest.collections import CollectionService
from ingest.connectors.configuration import AnyConfig
from ingest.connectors.errors import GroupUnknown, SecretMissing, SourceInvalid, SourcesFull
from ingest.connectors.holding import Holding
from ingest.connectors.rights import group_ids
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
    """A source as it is shown; `refused` names some of the files that were not taken in.

    Its secret is never shown, only whether there is one.
    """

    id: str
    collection_id: str
    config: AnyConfig
    has_secret: bool
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
    """What may be changed of a source; None leaves it as it is.

    A secret that is there is kept only while `config` reaches for the same as before.
    """

    config: AnyConfig | None = None
    interval_seconds: int | None = None
    is_paused: bool | None = None
    secret: str | None = None


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
        config: AnyConfig,
        interval_seconds: int | None = None,
        *,
        secret: str | None = None,
    ) -> SourceView:
        """Connect a source to a collection; it is read for the first time at once.

        Raises:
            NotFound, Forbidden: the collection, or the caller may not administer it.
            SourceInvalid: what was given cannot be a source; see there for how.
            SourcesFull: the collection has too many.
        """
        found = self._collections.find(session, principal, collection, Verb.ADMINISTER)
        self._refuse_many(session, found.id)
        config.check_secret(secret)
        self._check_groups(session, principal.tenant_id, config)
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
        rows.set_secret(row, secret)
        session.add(row)
        self._record(session, principal, "source.create", row)
        return self._view(session, row)

    def change(
        self, session: Session, principal: Principal, source_id: str, change: Change
    ) -> SourceView:
        """Change a source, which acts for the caller from now on; a run that goes on is ended.

        Raises:
            NotFound, Forbidden: the source, or the caller may not administer the collection.
            SourceInvalid: what was given cannot be this source; see there for how.
        """
        row = self._find(session, principal, source_id, Verb.ADMINISTER)
        rows = SourceRows(session, self._keyring, principal.tenant_id)
        if change.config is not None or change.secret is not None:
            self._configure(session, rows, row, change)
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

    def _configure(self, session: Session, rows: SourceRows, row: Source, change: Change) -> None:
        former = rows.config(row)
        config = (change.config or former).checked(self._settings)
        if config.kind != row.kind:
            message = "The kind of a source cannot be changed. Connect another source."
            raise SourceInvalid(message)
        # Else whoever may change the source could have its secret sent to a server of theirs, or
        # read with it what it was not given for.
        kept = rows.secret(row) if config.reach == former.reach else None
        secret = change.secret or kept
        if row.secret is not None and secret is None and config.wants_secret is not None:
            raise SecretMissing
        config.check_secret(secret)
        self._check_groups(session, row.tenant_id, config)
        rows.set_secret(row, secret)
        row.config = rows.seal_config(row.id, config)
        row.cursor = None

    def _check_groups(self, session: Session, tenant_id: str, config: AnyConfig) -> None:
        wanted = set((config.mapped_groups or {}).values())
        if wanted - group_ids(session, tenant_id, wanted).keys():
            raise GroupUnknown

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
            has_secret=row.secret is not None,
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
