"""Listings by key set: a page continues after the last row seen, however many rows came since."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, func, select, tuple_
from sqlalchemy.orm import Session

from ingest.errors import InvalidCursor
from retrieval.access import AccessScope
from retrieval.tables import Document
from security.principal import Principal, Verb

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a listing keeps: documents in these states, and that failed for this reason."""

    statuses: frozenset[str] = frozenset()
    error_code: str | None = None

    def documents(self) -> ColumnElement[bool]:
        """Compile to the SQL condition on `documents`."""
        rules: list[ColumnElement[bool]] = []
        if self.statuses:
            rules.append(Document.status.in_(sorted(self.statuses)))
        if self.error_code is not None:
            rules.append(Document.error_code == self.error_code)
        return and_(True, *rules)  # noqa: FBT003 - SQL's TRUE


ALL: Final = Kept()


def count(session: Session, scope: AccessScope, kept: Kept = ALL) -> int:
    """Count the documents that are visible."""
    visible = select(func.count()).select_from(Document).where(scope.documents())
    query = visible.where(kept.documents())
    return session.scalar(query) or 0


def page(
    session: Session, scope: AccessScope, cursor: str | None, limit: int, kept: Kept = ALL
) -> tuple[list[Document], str | None]:
    """Return up to `limit` visible documents, newest first, and where to go on.

    Raises:
        InvalidCursor: not a cursor of this function.
    """
    query = _after(scope, cursor).where(kept.documents())
    rows = list(session.scalars(query.limit(limit + 1)))
    more = len(rows) > limit
    return rows[:limit], _cursor(rows[limit - 1]) if more else None


def shared_singly(session: Session, principal: Principal, scope: AccessScope) -> AccessScope:
    """Narrow a scope to collections that the caller may not read as a whole."""
    places = select(Document.collection_id).where(scope.documents()).distinct()
    closed = (place for place in session.scalars(places) if not principal.may(Verb.READ, place))
    return scope.narrowed(frozenset(closed))


def _after(scope: AccessScope, cursor: str | None) -> Select[Document]:
    key = tuple_(Document.created_at, Document.id)
    query = select(Document).where(scope.documents())
    if cursor is not None:
        query = query.where(key < tuple_(*_position(cursor)))
    return query.order_by(Document.created_at.desc(), Document.id.desc())


def _cursor(row: Document) -> str:
    microseconds = (row.created_at - _EPOCH) // _MICROSECOND
    return base64.urlsafe_b64encode(f"{microseconds}.{row.id}".encode()).decode()


def _position(cursor: str) -> tuple[datetime, str]:
    try:
        microseconds, _, key = base64.urlsafe_b64decode(cursor).decode().partition(".")
        return _EPOCH + int(microseconds) * _MICROSECOND, key
    except (binascii.Error, ValueError, OverflowError):
        raise InvalidCursor from None
