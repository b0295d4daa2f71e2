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

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from security.audit import AuditLog
from security.errors import KeyInUse
from security.keyring import KeyRing
from security.keys import ReplaceableKeyProvider
from security.sealed_columns import is_sealed_by_older, key_id_of, reseal
from security.tables import TenantKey, WrappedKey
from security.tenant_keys import key_place
from storage.database import Database
from storage.row_security import ALL_TENANTS, enter_tenant

OPERATOR: Final = "operator"
"""The actor in the audit log of what is done on the server's command line."""
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """One version of a tenant's key and how many keys it still wraps."""

    version: int
    created_at: datetime
    wrapped_keys: int
    is_under_present_kek: bool


class KeyRotation:
    """Acts for the operator of the server, in transactions of its own."""

    def __init__(
        self,
        database: Database,
        keyring: KeyRing,
        audit: AuditLog,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._audit = audit
        self._clock = clock

    def tenants(self) -> list[str]:
        """List the tenants that have keys."""
        with self._database.reading(ALL_TENANTS) as session:
            query = select(TenantKey.tenant_id).distinct().order_by(TenantKey.tenant_id)
            return list(session.scalars(query))

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

    def recorded(self, tenant_ids: Sequence[str], action: str, act: Callable[[], object]) -> None:
        """Do something to the key-encryption key, if every tenant's audit log can tell it."""
        with self._database.transaction() as session:
            for tenant_id in tenant_ids:
                enter_tenant(session, tenant_id)
                self._record(session, tenant_id, action, {})
            act()

    def retire_master(self, holder: ReplaceableKeyProvider) -> None:
        """Give up the key-encryption key's precursor.

        Raises:
            KeyInUse: it still wraps a key of some tenant.
        """
        tenant_ids = self.tenants()
        for tenant_id in tenant_ids:
            if not all(version.is_under_present_kek for version in self.status(tenant_id)):
                raise KeyInUse
        self.recorded(tenant_ids, "keys.retire_master", holder.retire)

    def rewrap(self, tenant_id: str) -> Iterator[int]:
        """Move everything to the newest version; yield how much each short transaction moved.

        Safe to stop at any point and to run again.
        """
        with self._database.transaction(tenant_id) as session:
            moved = self._keyring.tenants.wrap_again(session, tenant_id)
            self._record_rewrap(session, tenant_id, moved)
        yield moved
        while moved := self._reseal_batch(tenant_id) or self._rewrap_batch(tenant_id):
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
            fields = self._keyring.tenant(session, tenant_id).fields
            if is_sealed_by_older(session, tenant_id, fields):
                raise KeyInUse
            versions = [version for version, _ in older]
            session.execute(
                delete(TenantKey).where(
                    TenantKey.tenant_id == tenant_id, TenantKey.version.in_(versions)
                )
            )
            self._record(session, tenant_id, "keys.retire", {"versions": versions})
        return versions

    def _reseal_batch(self, tenant_id: str) -> int:
        with self._database.transaction(tenant_id) as session:
            fields = self._keyring.tenant(session, tenant_id).fields
            moved = reseal(session, tenant_id, fields, _BATCH)
            self._record_rewrap(session, tenant_id, moved)
        return moved

    def _rewrap_batch(self, tenant_id: str) -> int:
        with self._database.transaction(tenant_id) as session:
            *older, _ = self._keyring.tenants.wrapping_ids(session, tenant_id).values()
            rows = session.execute(
                select(WrappedKey.owner, WrappedKey.wrapped)
                .where(WrappedKey.tenant_id == tenant_id, key_id_of(WrappedKey.wrapped).in_(older))
                .limit(_BATCH)
            ).all()
            cipher = self._keyring.tenant(session, tenant_id).wrapping
            for owner, wrapped in rows:
                place = key_place(owner)
                # Only if it is still the same: a key destroyed meanwhile must stay destroyed, and
                # one made anew in its place must stay itself.
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


def _count(session: Session, tenant_id: str, key_id: bytes) -> int:
    counted = select(func.count()).where(
        WrappedKey.tenant_id == tenant_id, key_id_of(WrappedKey.wrapped) == key_id
    )
    return session.scalar(counted) or 0
