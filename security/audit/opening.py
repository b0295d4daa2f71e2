"""An entry with its details decrypted, as far as the key of the person they are about exists."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from security.audit.entry import sealed_of
from security.audit.tables import AuditEntry
from security.cipher import Cipher
from security.errors import KeyDestroyed
from security.keyring import KeyRing
from security.places import Place


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry with its details opened; `leaf_index` is None before the commit.

    `details` is None when the key of the person whom they are about was destroyed. `body` is what
    the leaf is the hash of.
    """

    sequence: int
    leaf_index: int | None
    id: str
    at: datetime
    actor: str
    action: str
    target: str | None
    outcome: str
    details: Mapping[str, object] | None
    body: bytes


class Opener:
    """Decrypts the details of entries."""

    def __init__(self, keyring: KeyRing) -> None:
        self._keyring = keyring

    def opened(self, session: Session, entry: AuditEntry, leaf_index: int | None) -> AuditRecord:
        """Return an entry with its details."""
        return AuditRecord(
            sequence=entry.sequence,
            leaf_index=leaf_index,
            id=entry.id,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            target=entry.target,
            outcome=entry.outcome,
            details=self._details(session, entry),
            body=entry.body,
        )

    def _details(self, session: Session, entry: AuditEntry) -> Mapping[str, object] | None:
        sealed = sealed_of(json.loads(entry.body))
        if sealed is None:
            return {}
        try:
            cipher = self._cipher(session, entry.tenant_id, sealed.owner)
        except KeyDestroyed:
            return None
        if not cipher.is_newest(sealed.ciphertext):
            return None  # a person who was erased and came back has another key
        opened: Mapping[str, object] = json.loads(
            cipher.open(details_place(entry.id), sealed.ciphertext)
        )
        return opened

    def _cipher(self, session: Session, tenant_id: str, owner: str | None) -> Cipher:
        if owner is None:
            return self._keyring.tenant(session, tenant_id).audit
        return self._keyring.cipher(session, tenant_id, owner)


def details_place(entry_id: str) -> Place:
    """Return the place that an entry's details are bound to."""
    return Place("audit_entries", entry_id, "details")
