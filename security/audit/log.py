"""Writing and reading entries: who did what to which thing, when, and how it ended."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from security.audit.canonical import canonical
from security.audit.entry import Access, Fact, Outcome, Sealed, ocsf_entry
from security.audit.opening import AuditRecord, Opener, details_place
from security.audit.tables import AuditEntry
from security.audit.tree import grow_at_commit
from security.cipher import Cipher
from security.errors import AuditUnavailable, Forbidden
from security.keyring import KeyRing
from security.principal import Principal, Verb

_PERSON_ID: Final = re.compile(r"[0-9a-f]{32}")
"""Other actors, such as "operator" and "worker", are parts of the system and have no secrets."""

_Ciphers = dict[tuple[str, str | None], Cipher]
"""By tenant and owner; None is the tenant itself."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What happened, its details, and whom they are about."""

    fact: Fact
    person: str
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
        self._add(session, [_Told(fact, about or actor, details)])

    def record_all(self, session: Session, accesses: Sequence[Access]) -> None:
        """Add an entry for each access, as `record` does: in one go, and each key read once.

        Raises:
            AuditUnavailable: here or at the commit; then nothing may be read.
        """
        now = self._clock()
        told = [
            _Told(
                Fact(uuid4().hex, one.tenant_id, now, one.actor, one.action, one.target),
                one.actor,
                one.details,
            )
            for one in accesses
        ]
        self._add(session, told)

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
        opener = Opener(self._keys)
        return [opener.opened(session, entry, None) for entry in session.scalars(newest_first)]

    def _add(self, session: Session, told: Sequence[_Told]) -> None:
        ciphers = _Ciphers()
        try:
            entries = [_entry(one.fact, self._sealed(session, one, ciphers)) for one in told]
            session.add_all(entries)
            session.flush()
        except DBAPIError as error:
            raise AuditUnavailable from error
        for entry in entries:
            grow_at_commit(session, entry)

    def _sealed(self, session: Session, told: _Told, ciphers: _Ciphers) -> Sealed | None:
        """Seal the details of an entry; `ciphers` keeps those that were read for it."""
        if not told.details:
            return None
        owner = person_owner(told.person) if _PERSON_ID.fullmatch(told.person) else None
        whose = told.fact.tenant_id, owner
        if whose not in ciphers:
            ciphers[whose] = self._cipher(session, *whose)
        text = json.dumps(told.details, ensure_ascii=False, sort_keys=True).encode()
        return Sealed(owner, ciphers[whose].seal(details_place(told.fact.id), text))

    def _cipher(self, session: Session, tenant_id: str, owner: str | None) -> Cipher:
        if owner is None:
            return self._keys.tenant(session, tenant_id).audit
        return self._keys.obtain(session, tenant_id, owner)


def _entry(fact: Fact, sealed: Sealed | None) -> AuditEntry:
    return AuditEntry(
        id=fact.id,
        tenant_id=fact.tenant_id,
        at=fact.at,
        actor=fact.actor,
        action=fact.action,
        target=fact.target,
        outcome=fact.outcome,
        body=canonical(ocsf_entry(fact, sealed)),
    )


def person_owner(user_id: str) -> str:
    """Name the owner of a person's key."""
    return f"person:{user_id}"
