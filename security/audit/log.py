"""Writing and reading entries: who did what to which thing, when, and how it ended."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from security.audit.canonical import canonical
from security.audit.entry import Fact, Outcome, Sealed, ocsf_entry, sealed_of
from security.audit.tables import AuditEntry
from security.audit.tree import grow_at_commit
from security.cipher import Cipher
from security.errors import AuditUnavailable, Forbidden, KeyDestroyed
from security.keyring import KeyRing
from security.places import Place
from security.principal import Principal, Verb

_PERSON_ID: Final = re.compile(r"[0-9a-f]{32}")
"""Other actors, such as "operator" and "worker", are parts of the system and have no secrets."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry with its details opened; `sequence` grows with every entry of any tenant.

    `details` is None when the key of the person whom they are about was destroyed.
    """

    sequence: int
    id: str
    at: datetime
    actor: str
    action: str
    target: str | None
    outcome: str
    details: Mapping[str, object] | None


class AuditLog:
    """Writes and reads the entries of all tenants.

    Details are sealed under the key of the person whom they are about, which is made when it is
    first needed: destroying it (`person_owner`) erases them, and the tree over the ciphertexts
    stands.
    """

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
        *,
        about: str | None = None,
    ) -> None:
        """Add one entry to the session's transaction: it stands if and only if the change does.

        `actor` and `target` are ids; anything personal belongs into `details`, which is sealed
        under the key of the person `about`, by default the actor. The entry is flushed here and
        becomes a leaf of the tenant's tree when the transaction commits.

        Raises:
            AuditUnavailable: here or at the commit; the change must not and does not happen.
        """
        fact = Fact(uuid4().hex, tenant_id, self._clock(), actor, action, target, outcome)
        try:
            sealed = self._sealed(session, fact, about or actor, details) if details else None
            entry = AuditEntry(
                id=fact.id,
                tenant_id=tenant_id,
                at=fact.at,
                actor=actor,
                action=action,
                target=target,
                outcome=outcome,
                body=canonical(ocsf_entry(fact, sealed)),
            )
            session.add(entry)
            session.flush()
        except DBAPIError as error:
            raise AuditUnavailable from error
        grow_at_commit(session, entry)

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
        newest_first = query.order_by(AuditEntry.sequence.desc()).limit(limit)
        return [self._opened(session, entry) for entry in session.scalars(newest_first)]

    def _sealed(
        self, session: Session, fact: Fact, person: str, details: Mapping[str, object]
    ) -> Sealed:
        owner = person_owner(person) if _PERSON_ID.fullmatch(person) else None
        cipher = (
            self._keys.obtain(session, fact.tenant_id, owner)
            if owner
            else self._keys.tenant(session, fact.tenant_id).audit
        )
        text = json.dumps(details, ensure_ascii=False, sort_keys=True).encode()
        return Sealed(owner, cipher.seal(_place(fact.id), text))

    def _opened(self, session: Session, entry: AuditEntry) -> AuditRecord:
        return AuditRecord(
            sequence=entry.sequence,
            id=entry.id,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            target=entry.target,
            outcome=entry.outcome,
            details=self._details(session, entry),
        )

    def _details(self, session: Session, entry: AuditEntry) -> Mapping[str, object] | None:
        sealed = sealed_of(json.loads(entry.body))
        if sealed is None:
            return {}
        try:
            cipher = self._cipher(session, entry.tenant_id, sealed.owner)
            details: Mapping[str, object] = json.loads(
                cipher.open(_place(entry.id), sealed.ciphertext)
            )
        except KeyDestroyed:
            return None
        return details

    def _cipher(self, session: Session, tenant_id: str, owner: str | None) -> Cipher:
        if owner is None:
            return self._keys.tenant(session, tenant_id).audit
        return self._keys.cipher(session, tenant_id, owner)


def person_owner(user_id: str) -> str:
    """Name the owner of a person's key."""
    return f"person:{user_id}"


def _place(entry_id: str) -> Place:
    return Place("audit_entries", entry_id, "details")
