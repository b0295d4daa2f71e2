"""The append-only log: who did what to which thing, when, and how it ended."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from security.errors import Forbidden
from security.keyring import KeyRing
from security.places import Place
from security.principal import Principal, Verb
from security.tables import AuditEntry
from security.tenant_keys import TenantKeys

Outcome = Literal["success", "denied", "failure"]


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry with its details opened; `sequence` grows with every entry of any tenant."""

    sequence: int
    id: str
    at: datetime
    actor: str
    action: str
    target: str | None
    outcome: str
    details: Mapping[str, object]


class AuditLog:
    """Writes and reads the entries of all tenants, each tenant's details under its own key."""

    def __init__(self, keys: KeyRing, clock: Callable[[], datetime]) -> None:
        self._keys = keys
        self._clock = clock

    def record(  # noqa: PLR0917 - reads as a sentence: who did what to which, and how it ended
        self,
        session: Session,
        tenant_id: str,
        actor: str,
        action: str,
        target: str | None,
        outcome: Outcome = "success",
        details: Mapping[str, object] | None = None,
    ) -> None:
        """Add one entry to the session's transaction: it stands if and only if the change does.

        `actor` and `target` are ids; anything personal belongs into `details`, which is sealed.
        The entry is flushed here, so what cannot be recorded fails now.
        """
        entry_id = uuid4().hex
        sealed = None
        if details:
            text = json.dumps(details, ensure_ascii=False, sort_keys=True).encode()
            sealed = self._keys.tenant(session, tenant_id).audit.seal(_place(entry_id), text)
        entry = AuditEntry(
            id=entry_id,
            tenant_id=tenant_id,
            at=self._clock(),
            actor=actor,
            action=action,
            target=target,
            outcome=outcome,
            details=sealed,
        )
        session.add(entry)
        session.flush()

    def entries(
        self, session: Session, principal: Principal, *, before: int | None = None, limit: int = 100
    ) -> list[AuditRecord]:
        """Return a tenant's newest entries, or the newest with a `sequence` below `before`.

        Raises:
            Forbidden: the caller may not audit the tenant.
        """
        if not principal.may(Verb.AUDIT):
            raise Forbidden
        query = select(AuditEntry).where(AuditEntry.tenant_id == principal.tenant_id)
        if before is not None:
            query = query.where(AuditEntry.sequence < before)
        keys = self._keys.tenant(session, principal.tenant_id)
        newest_first = query.order_by(AuditEntry.sequence.desc()).limit(limit)
        return [_opened(keys, entry) for entry in session.scalars(newest_first)]


def _opened(keys: TenantKeys, entry: AuditEntry) -> AuditRecord:
    details = keys.audit.open(_place(entry.id), entry.details) if entry.details else b"{}"
    return AuditRecord(
        sequence=entry.sequence,
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        target=entry.target,
        outcome=entry.outcome,
        details=json.loads(details),
    )


def _place(entry_id: str) -> Place:
    return Place("audit_entries", entry_id, "details")
