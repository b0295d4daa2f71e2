"""Sign a checkpoint every so many entries or seconds, and put it where it cannot be taken back."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from security.audit.checkpoint import Checkpoint, open_note
from security.audit.merkle import Frontier, consistency_proof, is_consistent
from security.audit.places.port import CheckpointPlace
from security.audit.signing import signer_of
from security.audit.tables import AuditCheckpoint, AuditHead
from security.audit.tree import frontier_of, nodes_of
from security.audit_settings import AuditSettings
from security.errors import AuditForked, SecurityError
from security.keyring import KeyRing
from security.tables import TenantKey
from storage.database import Database
from storage.row_security import ALL_TENANTS

_POLL_SECONDS_MAX: Final = 1.0


class Checkpointer:
    """Makes checkpoints when asked, and in a thread between `start` and `close`.

    Several processes may do so at once: they sign the same trees. `before` is called before each
    look for due ones. `report` is told what failed; the next round tries again.
    """

    def __init__(
        self,
        *,
        database: Database,
        keyring: KeyRing,
        places: Sequence[CheckpointPlace],
        settings: AuditSettings,
        clock: Callable[[], datetime],
        report: Callable[[Exception], None],
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._places = places
        self._settings = settings
        self._clock = clock
        self._report = report
        self._before = before
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)

    def start(self) -> None:
        """Begin to look for due checkpoints."""
        self._thread.start()

    def close(self) -> None:
        """Stop, after a last checkpoint of every log that grew."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
            self._round(due_only=False)

    def make(self, tenant_id: str) -> str | None:
        """Sign a tenant's tree as it is now and keep the note; None: there is nothing new.

        Raises:
            AuditForked: the tree is not that of the last checkpoint any more; nothing is signed.
            CheckpointNotKept: a place did not take it; it is not noted as made.
        """
        with self._database.transaction(tenant_id) as session:
            tree, last = frontier_of(session, tenant_id), last_checkpoint(session, tenant_id)
            if tree.size == (last.size if last else 0):
                return None
            signer = signer_of(session, self._keyring, tenant_id)
            if last is not None:
                self._refuse_fork(session, tenant_id, open_note(last.note, signer.verifier), tree)
            note = signer.sign(tree.size, tree.root())
        for place in self._places:
            place.append(signer.verifier.name, tree.size, note)
        self._store(tenant_id, tree.size, note)
        return note

    def _refuse_fork(
        self, session: Session, tenant_id: str, last: Checkpoint, tree: Frontier
    ) -> None:
        if tree.size >= last.size:
            nodes = nodes_of(session, tenant_id)
            proof = consistency_proof(nodes, last.size, tree.size)
            if is_consistent(last.size, tree.size, last.root, tree.root(), proof):
                return
        raise AuditForked

    def _store(self, tenant_id: str, size: int, note: str) -> None:
        try:
            with self._database.transaction(tenant_id) as session:
                session.add(
                    AuditCheckpoint(tenant_id=tenant_id, size=size, at=self._clock(), note=note)
                )
        except IntegrityError:
            return  # another process signed the same tree

    def _run(self) -> None:
        pause = min(_POLL_SECONDS_MAX, self._settings.checkpoint_seconds)
        while not self._ended.wait(pause):
            self._round(due_only=True)

    def _round(self, *, due_only: bool) -> None:
        try:
            self._before()
            for tenant_id in self._grown(due_only=due_only):
                self.make(tenant_id)
        except (SecurityError, SQLAlchemyError) as error:
            self._report(error)

    def _grown(self, *, due_only: bool) -> list[str]:
        with self._database.reading(ALL_TENANTS) as session:
            # An erased tenant's log has nobody left to sign it, and does not grow any more.
            has_keys = AuditHead.tenant_id.in_(select(TenantKey.tenant_id))
            sizes = session.execute(
                select(AuditHead.tenant_id, AuditHead.size).where(has_keys)
            ).all()
            return [
                tenant_id
                for tenant_id, size in sizes
                if self._is_due(session, tenant_id, size) or not due_only
            ]

    def _is_due(self, session: Session, tenant_id: str, size: int) -> bool:
        last = last_checkpoint(session, tenant_id)
        if last is None or size - last.size >= self._settings.checkpoint_entries:
            return True
        age = self._clock() - last.at
        return size > last.size and age >= timedelta(seconds=self._settings.checkpoint_seconds)


def last_checkpoint(session: Session, tenant_id: str) -> AuditCheckpoint | None:
    """Return the newest checkpoint that the database knows."""
    return session.scalar(
        select(AuditCheckpoint)
        .where(AuditCheckpoint.tenant_id == tenant_id)
        .order_by(AuditCheckpoint.size.desc())
        .limit(1)
    )
