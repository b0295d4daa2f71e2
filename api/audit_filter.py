"""The query parameters by which entries of the audit log are chosen."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query

from api.audit_schemas import Outcome
from security.audit.reading import EntryFilter

_Id = Annotated[str | None, Query(max_length=80)]


def wanted(
    *,
    since: Annotated[datetime | None, Query(description="From this time on (RFC 3339).")] = None,
    until: Annotated[datetime | None, Query(description="Before this time.")] = None,
    actor: _Id = None,
    action: _Id = None,
    outcome: Annotated[Outcome | None, Query()] = None,
    target: _Id = None,
) -> EntryFilter:
    """Read a filter; a time without a zone is taken as UTC."""
    return EntryFilter(_utc(since), _utc(until), actor, action, outcome, target)


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


Wanted = Annotated[EntryFilter, Depends(wanted)]
