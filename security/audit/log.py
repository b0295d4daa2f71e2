"""Writing and reading entries: who did what to which thing, when, and how it ended."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from security.audit.canonical import canonical
from security.audit.entry import Fact, Outcome, Sealed, ocsf_entry
from security.audit.opening import AuditRecord, Opener, details_place
from security.audit.tables import AuditEntry
from security.audit.tree import grow_at_commit
from security.errors import AuditUnavailable, Forbidden
from security.keyring import KeyRing
from security.principal import Principal, Verb

_PERSON_ID: Final = re.compile(r"[0-9a-f]{32}")
"""Other actors, such as "operator" and "worker", are parts of the system and have no secrets."""


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
        opener = Opener(self._keys)
        return [opener.opened(session, entry, None) for entry in session.scalars(newest_first)]

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
        return Sealed(owner, cipher.seal(details_place(fact.id), text))


def person_owner(user_id: str) -> str:
    """Name the owner of a person's key."""
    return f"person:{user_id}"
