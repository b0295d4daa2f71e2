"""Replace a tenant's key while everything goes on: rotate, rewrap, retire.

`rotate` adds a version: from then on it seals. `rewrap` moves what older versions wrapped or
sealed to the newest, a batch at a time. `retire` deletes the versions that nothing needs any more;
it waits for a while after the rotation, for requests that began before it. Texts are not touched:
a document's own key stays, only its wrapping changes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from security.audit import AuditLog
from security.errors import KeyInUse
from security.keyring import KeyRing
from security.tables import TenantKey, WrappedKey
from security.tenant_keys import key_place
from storage.database import Database

OPERATOR: Final = "operator"
"""The actor in the audit log of what is done on the server's command line."""
_BATCH: Final = 500
_ID_START, _ID_BYTES = 3, 16
"""Where a ciphertext names its key, counted from 1 as SQL does (see aead.py)."""

Reseal = Callable[[Session, str], int]
"""Seals a tenant's fields again that are not under the newest version; returns how many."""


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """One version of a tenant's key and how many keys it still wraps."""

    version: int
    created_at: datetime
    wrapped_keys: int
    is_under_present_kek: bool


class KeyRotation:
    """Acts for the operator of the server, in transactions of its own.

    `reseal` are the places outside this package that seal fields under the tenant's key itself.
    """

    def __init__(
        self,
        database: Database,
        keyring: KeyRing,
        audit: AuditLog,
        clock: Callable[[], datetime],
        reseal: Sequence[Reseal] = (),
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._audit = audit
        self._clock = clock
        self._reseal = reseal

    def status(self, tenant_id: str) -> list[VersionStatus]:
        """Count what each version wraps, oldest version first."""
        with self._database.reading(tenant_id) as session:
            ids = self._keyring.tenants.wrapping_ids(session, tenant_id)
            rows = session.scalars(select(TenantKey).where(TenantKey.tenant_id == tenant_id))
            return [
                VersionStatus(
                    row.version,
                    row.created_at,
                    _count(session, tenant_id, ids[row.version]),
                    self._keyring.tenants.is_under_present_kek(row),
                )
                for row in sorted(rows, key=lambda row: row.version)
            ]

    def rotate(self, tenant_id: str) -> int:
        """Add a version of the tenant's key and return its number."""
        with self._database.transaction(tenant_id) as session:
            version = self._keyring.tenants.add_version(session, tenant_id)
            self._record(session, tenant_id, "keys.rotate", {"version": version})
        return version

    def recorded(self, tenant_id: str, action: str, act: Callable[[], None]) -> None:
        """Do something to the key-encryption key, if it can be written into the audit log."""
        with self._database.transaction(tenant_id) as session:
            self._record(session, tenant_id, action, {})
            act()

    def rewrap(self, tenant_id: str) -> Iterator[int]:
        """Move everything to the newest version; yield how much each short transaction moved.

        Safe to stop at any point and to run again.
        """
        with self._database.transaction(tenant_id) as session:
            moved = self._keyring.tenants.wrap_again(session, tenant_id)
            moved += sum(reseal(session, tenant_id) for reseal in self._reseal)
            self._record_rewrap(session, tenant_id, moved)
        yield moved
        while moved := self._rewrap_batch(tenant_id):
            yield moved

    def retire(self, tenant_id: str, seconds_min: int) -> list[int]:
        """Delete every version but the newest; return their numbers.

        Raises:
            KeyInUse: one still wraps keys, or the newest is younger than `seconds_min`.
        """
        with self._database.transaction(tenant_id) as session:
            *older, newest = self._keyring.tenants.wrapping_ids(session, tenant_id).items()
            if not older:
                return []
            if self._age(session, tenant_id, newest[0]) < timedelta(seconds=seconds_min):
                raise KeyInUse(_TOO_YOUNG.format(minutes=-(-seconds_min // 60)))
            if any(_count(session, tenant_id, key_id) for _, key_id in older):
                raise KeyInUse
            if any(reseal(session, tenant_id) for reseal in self._reseal):
                raise KeyInUse
            versions = [version for version, _ in older]
            session.execute(
                delete(TenantKey).where(
                    TenantKey.tenant_id == tenant_id, TenantKey.version.in_(versions)
                )
            )
            self._record(session, tenant_id, "keys.retire", {"versions": versions})
        return versions

    def _rewrap_batch(self, tenant_id: str) -> int:
        with self._database.transaction(tenant_id) as session:
            *older, _ = self._keyring.tenants.wrapping_ids(session, tenant_id).values()
            rows = session.execute(
                select(WrappedKey.owner, WrappedKey.wrapped)
                .where(WrappedKey.tenant_id == tenant_id, _key_id().in_(older))
                .limit(_BATCH)
            ).all()
            cipher = self._keyring.tenant(session, tenant_id).wrapping
            for owner, wrapped in rows:
                place = key_place(owner)
                # Only if it is still the same: a key destroyed meanwhile must stay destroyed.
                session.execute(
                    update(WrappedKey)
                    .where(
                        WrappedKey.tenant_id == tenant_id,
                        WrappedKey.owner == owner,
                        WrappedKey.wrapped == wrapped,
                    )
                    .values(wrapped=cipher.seal(place, cipher.open(place, wrapped)))
                )
            self._record_rewrap(session, tenant_id, len(rows))
        return len(rows)

    def _record_rewrap(self, session: Session, tenant_id: str, moved: int) -> None:
        if moved:
            self._record(session, tenant_id, "keys.rewrap", {"moved": moved})

    def _age(self, session: Session, tenant_id: str, version: int) -> timedelta:
        created = session.scalars(
            select(TenantKey.created_at).where(
                TenantKey.tenant_id == tenant_id, TenantKey.version == version
            )
        ).one()
        return self._clock() - created

    def _record(
        self, session: Session, tenant_id: str, action: str, details: dict[str, object]
    ) -> None:
        self._audit.record(session, tenant_id, OPERATOR, action, tenant_id, details=details)


_TOO_YOUNG: Final = (
    "The newest key is too young: requests that began before it may still use an older one. "
    "Try again {minutes} minutes after the rotation."
)


def _key_id() -> ColumnElement[bytes]:
    return func.substr(WrappedKey.wrapped, _ID_START, _ID_BYTES)


def _count(session: Session, tenant_id: str, key_id: bytes) -> int:
    counted = select(func.count()).where(WrappedKey.tenant_id == tenant_id, _key_id() == key_id)
    return session.scalar(counted) or 0
