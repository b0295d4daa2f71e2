"""A tenant's Merkle tree in the database: leaves are added just before the commit, in one go."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, insert, inspect, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from security.audit.merkle import HASH_BYTES, Frontier, Nodes, hash_leaf
from security.audit.tables import AuditEntry, AuditHead, AuditLeaf
from security.errors import AuditUnavailable
from storage.outcomes import before_commit

_PENDING: Final = "audit entries without a leaf"


def grow_at_commit(session: Session, entry: AuditEntry) -> None:
    """Make the flushed entry a leaf when the session's transaction commits.

    Not at once: whoever adds a leaf holds the tenant's tree until the commit, so this is the last
    lock that any transaction takes. None waits with it for another, and none holds it for long.
    """
    if _PENDING not in session.info:
        session.info[_PENDING] = list[AuditEntry]()
        before_commit(session, lambda: _grow(session))
    session.info[_PENDING].append(entry)


def frontier_of(session: Session, tenant_id: str) -> Frontier:
    """Return a tenant's tree as it is committed, or as this session made it."""
    head = session.execute(
        select(AuditHead.size, AuditHead.frontier).where(AuditHead.tenant_id == tenant_id)
    ).one_or_none()
    return Frontier.from_bytes(head.size, head.frontier) if head else Frontier()


def nodes_of(session: Session, tenant_id: str) -> Nodes:
    """Return what reads a tenant's complete subtrees."""

    def node(level: int, index: int) -> bytes:
        last_leaf = ((index + 1) << level) - 1
        hashes = session.scalars(
            select(AuditLeaf.hashes).where(
                AuditLeaf.tenant_id == tenant_id, AuditLeaf.leaf_index == last_leaf
            )
        ).one()
        return hashes[level * HASH_BYTES :][:HASH_BYTES]

    return node


def _grow(session: Session) -> None:
    try:
        # What the transaction still has to write comes first, for the lock is the last one.
        session.flush()
        entries = _written(session.info[_PENDING])
        for tenant_id in sorted({entry.tenant_id for entry in entries}):
            _append(session, tenant_id, [e for e in entries if e.tenant_id == tenant_id])
    except DBAPIError as error:
        raise AuditUnavailable from error


def _written(pending: Sequence[AuditEntry]) -> list[AuditEntry]:
    """Return the entries that no rolled back savepoint took with it: the session put those out."""
    return sorted(
        (entry for entry in pending if inspect(entry).persistent),
        key=lambda entry: entry.sequence,
    )


def _append(session: Session, tenant_id: str, entries: Sequence[AuditEntry]) -> None:
    tree = _locked_head(session, tenant_id)
    leaves = []
    for entry in entries:
        grown, completed = tree.append(hash_leaf(entry.body))
        leaves.append(
            {
                "tenant_id": tenant_id,
                "leaf_index": tree.size,
                "sequence": entry.sequence,
                "hashes": b"".join(completed),
            }
        )
        tree = grown
    connection = session.connection()  # the session's own way costs more, for each request
    connection.execute(insert(AuditLeaf), leaves)
    head = {"tenant": tenant_id, "size": tree.size, "frontier": tree.to_bytes()}
    connection.execute(_MOVE_HEAD, head)


def _locked_head(session: Session, tenant_id: str) -> Frontier:
    wanted = {"tenant": tenant_id}
    head = session.execute(_LOCKED_HEAD, wanted).one_or_none()
    if head is None:
        try:
            with session.begin_nested():
                empty = {"tenant_id": tenant_id, "size": 0, "frontier": b""}
                session.execute(insert(AuditHead), empty)
        except IntegrityError:  # another transaction was first
            pass
        head = session.execute(_LOCKED_HEAD, wanted).one()
    return Frontier.from_bytes(head.size, head.frontier)


_OF_TENANT = AuditHead.tenant_id == bindparam("tenant")
_LOCKED_HEAD = select(AuditHead.size, AuditHead.frontier).where(_OF_TENANT).with_for_update()
_MOVE_HEAD = update(AuditHead).where(_OF_TENANT)
