"""The sequence of changes that indexes follow.

A follower remembers the highest sequence it has applied and asks for what came after. That is
only safe when changes become visible in the order of their numbers; see `append_change`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from retrieval.tables import IndexChange
from storage.selects import select_rows

# Any number that no other lock of this product uses.
_POSTGRESQL_LOCK = 0x50_0B_C4


@dataclass(frozen=True, slots=True)
class Change:
    """A document that must be read again."""

    sequence: int
    tenant_id: str
    document_id: str


def append_change(session: Session, tenant_id: str, document_id: str, *, at: datetime) -> None:
    """Note, in the caller's transaction, that a document's chunks, rights or existence changed.

    A deleted conversation or an erased person may be noted as well, the latter by their receipt: to
    followers it is one more document that is gone, for which they empty what they keep in memory of
    the tenant.

    Side effects: on PostgreSQL this holds a lock until the transaction ends, so call it last.
    Numbers are handed out when rows are inserted, not when they are committed: without the lock
    number 5 could be committed before number 4, and a follower that has seen 5 would never look
    for 4. SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_POSTGRESQL_LOCK)))
    session.add(IndexChange(tenant_id=tenant_id, document_id=document_id, at=at))
    session.flush()


def last_sequence(session: Session) -> int:
    """Return the number of the latest change, 0 when there is none."""
    return session.scalar(select(func.max(IndexChange.sequence))) or 0


def last_of_tenant(session: Session, tenant_id: str) -> int:
    """Return the number of a tenant's latest change, 0 when there is none."""
    return select_rows(session, _LAST_OF_TENANT, {"tenant_id": tenant_id}).scalar() or 0


def changes_since(session: Session, sequence: int) -> list[Change]:
    """Return the changes after `sequence`, oldest first."""
    columns = (IndexChange.sequence, IndexChange.tenant_id, IndexChange.document_id)
    query = select(*columns).where(IndexChange.sequence > sequence).order_by(IndexChange.sequence)
    return [Change(*row) for row in session.execute(query)]


def tenant_changes(
    session: Session, tenant_id: str, after: int, *, changes_max: int
) -> tuple[list[str], int]:
    """Return the documents of a tenant's next changes, and the number of the last of these."""
    query = (
        select(IndexChange.document_id, IndexChange.sequence)
        .where(IndexChange.tenant_id == tenant_id, IndexChange.sequence > after)
        .order_by(IndexChange.sequence)
        .limit(changes_max)
    )
    rows = session.execute(query).all()
    return list(dict.fromkeys(row.document_id for row in rows)), rows[
        -1
    ].sequence if rows else after


def last_by_tenant(session: Session, after: int) -> dict[str, int]:
    """Return the number of the latest change of each tenant that has one after `after`."""
    columns = select(IndexChange.tenant_id, func.max(IndexChange.sequence))
    query = columns.where(IndexChange.sequence > after).group_by(IndexChange.tenant_id)
    return {row[0]: row[1] for row in session.execute(query)}


_LAST_OF_TENANT = select(func.max(IndexChange.sequence)).where(
    IndexChange.tenant_id == bindparam("tenant_id")
)


def documents_by_tenant(changes: Iterable[Change]) -> dict[str, list[str]]:
    """Group the changed documents by tenant, each document once, in order of first change."""
    grouped: dict[str, dict[str, None]] = {}
    for change in changes:
        grouped.setdefault(change.tenant_id, {})[change.document_id] = None
    return {tenant_id: list(documents) for tenant_id, documents in grouped.items()}
