"""What auditors read: entries, the tree with its proofs, checkpoints, the whole log."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from security.audit.checkpointer import last_checkpoint
from security.audit.merkle import (
    HASH_BYTES,
    Frontier,
    consistency_proof,
    inclusion_proof,
    root_of,
)
from security.audit.opening import AuditRecord, Opener
from security.audit.tables import AuditCheckpoint, AuditEntry, AuditLeaf
from security.audit.tree import frontier_of, nodes_of
from security.audit.verification import Leaf
from security.errors import Forbidden, InvalidInput, NotFound
from security.keyring import KeyRing
from security.principal import Principal, Verb
from security.tables import User

_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries: each field that is not None must fit; times are from, and before."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    action: str | None = None
    outcome: str | None = None
    target: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions on `AuditEntry`."""
        wanted = {
            AuditEntry.actor: self.actor,
            AuditEntry.action: self.action,
            AuditEntry.outcome: self.outcome,
            AuditEntry.target: self.target,
        }
        found = [column == value for column, value in wanted.items() if value is not None]
        if self.since is not None:
            found.append(AuditEntry.at >= self.since)
        if self.until is not None:
            found.append(AuditEntry.at < self.until)
        return found


@dataclass(frozen=True, slots=True)
class LogState:
    """How large a log is, its root, and the last checkpoint that was made of it."""

    size: int
    root: bytes
    last_checkpoint: AuditCheckpoint | None


@dataclass(frozen=True, slots=True)
class Proof:
    """Hashes that lead from a leaf, or from a smaller tree, to the root of `size` leaves."""

    size: int
    root: bytes
    hashes: Sequence[bytes]
    leaf: bytes = b""


class AuditReader:
    """Reads one tenant's log for whoever may audit it.

    Every method raises Forbidden for a principal who may not.
    """

    def __init__(self, keyring: KeyRing) -> None:
        self._opener = Opener(keyring)

    def page(
        self,
        session: Session,
        principal: Principal,
        wanted: EntryFilter,
        *,
        before: int | None,
        limit: int,
    ) -> list[AuditRecord]:
        """Return the newest entries that fit, of leaves before `before`."""
        query = _of(principal).where(*wanted.conditions())
        if before is not None:
            query = query.where(AuditLeaf.leaf_index < before)
        rows = session.execute(query.order_by(AuditLeaf.leaf_index.desc()).limit(limit))
        return [self._opener.opened(session, entry, leaf.leaf_index) for entry, leaf in rows]

    def entry(self, session: Session, principal: Principal, index: int) -> AuditRecord:
        """Return one entry.

        Raises:
            NotFound: the log has no such leaf.
        """
        row = session.execute(_of(principal).where(AuditLeaf.leaf_index == index)).one_or_none()
        if row is None:
            raise NotFound
        entry, leaf = row
        return self._opener.opened(session, entry, leaf.leaf_index)

    def state(self, session: Session, principal: Principal) -> LogState:
        """Return how far the log is."""
        tenant_id = _audited(principal)
        tree = frontier_of(session, tenant_id)
        return LogState(tree.size, tree.root(), last_checkpoint(session, tenant_id))

    def inclusion(
        self, session: Session, principal: Principal, index: int, size: int | None
    ) -> Proof:
        """Prove that a leaf is in the tree of `size` leaves, None meaning the present one.

        Raises:
            NotFound: that tree has no such leaf.
        """
        tree = self._tree(session, principal, size)
        if not 0 <= index < tree.size:
            raise NotFound
        nodes = nodes_of(session, principal.tenant_id)
        hashes = inclusion_proof(nodes, index, tree.size)
        return Proof(tree.size, root_of(nodes, 0, tree.size), hashes, nodes(0, index))

    def consistency(
        self, session: Session, principal: Principal, first: int, second: int | None
    ) -> Proof:
        """Prove that the tree of `second` leaves, None meaning the present, continues `first`.

        Raises:
            NotFound: the log never had as many leaves.
            InvalidInput: `first` is more than `second`, or 0.
        """
        tree = self._tree(session, principal, second)
        if not 0 < first <= tree.size:
            raise InvalidInput(_SIZES)
        nodes = nodes_of(session, principal.tenant_id)
        hashes = consistency_proof(nodes, first, tree.size)
        return Proof(tree.size, root_of(nodes, 0, tree.size), hashes)

    def checkpoints(
        self, session: Session, principal: Principal, *, before: int | None, limit: int
    ) -> Sequence[AuditCheckpoint]:
        """Return the newest checkpoints, of less than `before` entries."""
        query = select(AuditCheckpoint).where(AuditCheckpoint.tenant_id == _audited(principal))
        if before is not None:
            query = query.where(AuditCheckpoint.size < before)
        return session.scalars(query.order_by(AuditCheckpoint.size.desc()).limit(limit)).all()

    def notes(self, session: Session, principal: Principal) -> Sequence[str]:
        """Return the notes of all checkpoints that the database knows."""
        query = select(AuditCheckpoint.note).where(AuditCheckpoint.tenant_id == _audited(principal))
        return session.scalars(query.order_by(AuditCheckpoint.size)).all()

    def names(
        self, session: Session, principal: Principal, records: Sequence[AuditRecord]
    ) -> dict[str, str]:
        """Return the names of the people in these entries who have an account still."""
        ids = {record.actor for record in records} | {record.target or "" for record in records}
        query = select(User.id, User.name).where(
            User.tenant_id == _audited(principal), User.id.in_(sorted(ids))
        )
        # A result itself has `keys`, so that `dict` would take it for a mapping.
        return dict(session.execute(query).all())

    def leaves(self, session: Session, principal: Principal, wanted: EntryFilter) -> Iterator[Leaf]:
        """Yield the leaves that fit, oldest first, a batch in memory at a time."""
        query, index = _of(principal).where(*wanted.conditions()), -1
        while True:
            batch = query.where(AuditLeaf.leaf_index > index).order_by(AuditLeaf.leaf_index)
            rows = session.execute(batch.limit(_BATCH)).all()
            for entry, leaf in rows:
                yield _leaf(entry, leaf)
            if len(rows) < _BATCH:
                return
            index = rows[-1][1].leaf_index
            session.expunge_all()

    def _tree(self, session: Session, principal: Principal, size: int | None) -> Frontier:
        tree = frontier_of(session, _audited(principal))
        if size is None or size == tree.size:
            return tree
        if size > tree.size:
            raise NotFound
        return Frontier(size)


def _audited(principal: Principal) -> str:
    """Return the tenant whose log the principal may read.

    Raises:
        Forbidden: none.
    """
    if not principal.may(Verb.AUDIT):
        raise Forbidden
    return principal.tenant_id


def _of(principal: Principal) -> Select[AuditEntry, AuditLeaf]:
    return (
        select(AuditEntry, AuditLeaf)
        .join(AuditLeaf, AuditLeaf.sequence == AuditEntry.sequence)
        .where(AuditLeaf.tenant_id == _audited(principal))
    )


def _leaf(entry: AuditEntry, leaf: AuditLeaf) -> Leaf:
    return Leaf(leaf.leaf_index, entry.body, leaf.hashes[:HASH_BYTES], _fault(entry))


def _fault(entry: AuditEntry) -> str | None:
    """Say which column tells another story than the entry itself."""
    try:
        says: dict[str, Any] = json.loads(entry.body)
        told = {
            "id": says["metadata"]["uid"],
            "tenant_id": says["metadata"]["tenant_uid"],
            "actor": says["actor"]["user"]["uid"],
            "action": says["api"]["operation"],
            "outcome": says["status_code"],
        }
        at = says["time"]
    except (ValueError, KeyError, TypeError):
        return "its entry cannot be read."
    wrong = [name for name, value in told.items() if getattr(entry, name) != value]
    if int(entry.at.timestamp() * 1000) != at:
        wrong.append("at")
    return f"the column {wrong[0]} does not say what the entry says." if wrong else None


_SIZES: Final = "`first` must be at least 1 and at most `second`."
