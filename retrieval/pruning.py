"""Taking out changes that no follower needs any more.

A follower reads the present state of each changed document. So of several changes of a document
only the last one matters, to every follower, however far behind (log compaction, as in Kafka). The
last change of a document that is gone matters to those that still hold it: index processes, which
are seconds behind or begin anew from the rows, and shared vector stores, whose positions are rows.
A store without a position is empty.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from retrieval.tables import Document, IndexChange, VectorPosition

_DELETED_AT_ONCE: Final = 500


def superfluous_changes(session: Session, before: datetime, changes_max: int) -> Sequence[int]:
    """Find the oldest changes from `before` that no follower needs; for a session of all tenants.

    The last change of each tenant is always needed, so that no position ever lies ahead of it.
    """
    latest = (
        select(func.max(IndexChange.sequence).label("sequence"))
        .group_by(IndexChange.tenant_id, IndexChange.document_id)
        .subquery()
    )
    last = select(func.max(IndexChange.sequence)).group_by(IndexChange.tenant_id)
    is_there = select(Document.id).where(Document.id == IndexChange.document_id).exists()
    is_awaited = (
        select(VectorPosition.store)
        .where(
            VectorPosition.tenant_id == IndexChange.tenant_id,
            VectorPosition.sequence < IndexChange.sequence,
        )
        .exists()
    )
    query = (
        select(IndexChange.sequence)
        .outerjoin(latest, latest.c.sequence == IndexChange.sequence)
        .where(
            IndexChange.at < before,
            IndexChange.sequence.not_in(last),
            or_(latest.c.sequence.is_(None), ~is_there & ~is_awaited),
        )
        .order_by(IndexChange.sequence)
        .limit(changes_max)
    )
    return session.scalars(query).all()


def delete_changes(session: Session, sequences: Sequence[int]) -> None:
    """Delete changes that were found superfluous: they stay so, whatever happens meanwhile."""
    for start in range(0, len(sequences), _DELETED_AT_ONCE):
        chosen = sequences[start : start + _DELETED_AT_ONCE]
        session.execute(delete(IndexChange).where(IndexChange.sequence.in_(chosen)))
