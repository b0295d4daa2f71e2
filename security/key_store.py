"""Taking all wrapped keys out of a database, and putting back those that may come back."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from security.audit import AuditLog
from security.erasure.receipt import Receipt
from security.erasure.tables import ErasureReceipt
from security.key_backup import StoredKey, read_backup, write_backup
from security.keys import KeyProvider
from security.rotation import OPERATOR
from security.tables import Tenant, TenantKey, WrappedKey
from security.tenant_keys import tenant_key_owner
from storage.database import Database
from storage.row_security import ALL_TENANTS, enter_tenant


class KeyStore:
    """Backs all keys of an installation up, and restores them; acts for its operator."""

    def __init__(
        self,
        database: Database,
        provider: KeyProvider,
        audit: AuditLog,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._provider = provider
        self._audit = audit
        self._clock = clock

    def backup(self, days: int) -> tuple[int, Iterator[bytes]]:
        """Return how many keys there are, and the pieces of a file that lasts so many days."""
        with self._database.transaction(ALL_TENANTS) as session:
            keys = stored_keys(session)
            self._record(session, "keys.backup", len(keys))
        return len(keys), write_backup(self._provider, keys, self._clock(), days)

    def restore(self, file: BinaryIO) -> int:
        """Put the missing keys of a backup back; return how many.

        Raises:
            BackupInvalid, BackupExpired: nothing is put back.
            KeyUnavailable: it was made under another key-encryption key.
        """
        keys = read_backup(self._provider, file, self._clock())
        with self._database.transaction(ALL_TENANTS) as session:
            added = put_back(session, keys)
            self._record(session, "keys.restore", added)
        return added

    def _record(self, session: Session, action: str, keys: int) -> None:
        tenants = select(TenantKey.tenant_id).distinct().order_by(TenantKey.tenant_id)
        for tenant_id in session.scalars(tenants).all():
            enter_tenant(session, tenant_id)
            details = {"keys": keys}
            self._audit.record(session, tenant_id, OPERATOR, action, tenant_id, details=details)


def stored_keys(session: Session) -> list[StoredKey]:
    """Return every key of every tenant, wrapped as it is; the session sees all tenants."""
    versions = select(
        TenantKey.tenant_id, TenantKey.version, TenantKey.wrapped, TenantKey.created_at
    )
    owned = select(
        WrappedKey.tenant_id, WrappedKey.owner, WrappedKey.wrapped, WrappedKey.created_at
    )
    return [StoredKey(*row) for query in (versions, owned) for row in session.execute(query)]


def put_back(session: Session, keys: Sequence[StoredKey]) -> int:
    """Add the keys that are missing, but none that a receipt says was destroyed; count them.

    A key that is there stays as it is: it may have been wrapped again since. Keys of tenants that
    the database does not know are left out.
    """
    tenants = set(session.scalars(select(Tenant.id)))
    present = {(key.tenant_id, key.name) for key in stored_keys(session)}
    erased = _erased(session)
    added = 0
    for key in keys:
        name = (key.tenant_id, key.name)
        if key.tenant_id not in tenants or name in present or not erased.isdisjoint(_names(key)):
            continue
        session.add(_row(key))
        added += 1
    session.flush()
    return added


def _erased(session: Session) -> set[tuple[str, str]]:
    """Return tenants and owners that receipts name; an erased tenant has lost every key."""
    texts = session.execute(select(ErasureReceipt.id, ErasureReceipt.text))
    found = set[tuple[str, str]]()
    for key, text in texts:
        fields = Receipt(key, text).fields
        found |= {(fields["tenant"], lost["owner"]) for lost in fields["keys"]}
        if fields["kind"] == "tenant":
            found.add((fields["tenant"], ""))
    return found


def _names(key: StoredKey) -> set[tuple[str, str]]:
    owner = key.name if isinstance(key.name, str) else tenant_key_owner(key.name)
    return {(key.tenant_id, owner), (key.tenant_id, "")}


def _row(key: StoredKey) -> TenantKey | WrappedKey:
    created_at: datetime = key.created_at
    if isinstance(key.name, int):
        return TenantKey(
            tenant_id=key.tenant_id, version=key.name, wrapped=key.wrapped, created_at=created_at
        )
    return WrappedKey(
        tenant_id=key.tenant_id, owner=key.name, wrapped=key.wrapped, created_at=created_at
    )
