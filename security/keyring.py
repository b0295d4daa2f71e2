"""Keys in three layers: the KEK wraps tenant keys, tenant keys wrap the keys of documents.

A row of `wrapped_keys` is the only form in which a document's key is stored. Every look-up reads
that row first, so a key whose row is gone is refused at once in every process, even while its
unwrapped form is still in some cache.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from security.aead import KEY_BYTES, Key
from security.cipher import Cipher
from security.erasure.destroyed import note_destroyed
from security.errors import KeyDestroyed
from security.key_cache import KeyCache
from security.keys import KeyProvider
from security.tables import WrappedKey
from security.tenant_keys import TENANT_OWNER, TenantKeys, TenantKeyStore, key_place
from storage.selects import select_rows

CACHED_KEYS_MAX: Final = 16_384
_QUERY_OWNERS_MAX: Final = 500


class KeyRing:
    """All keys of a running process. Safe to share between threads; sessions are not."""

    def __init__(
        self,
        provider: KeyProvider,
        clock: Callable[[], datetime],
        cached_keys_max: int = CACHED_KEYS_MAX,
    ) -> None:
        self._clock = clock
        self.tenants = TenantKeyStore(provider, clock, cached_keys_max)
        self._ciphers = KeyCache[tuple[str, str], bytes, Cipher](cached_keys_max)

    def create_tenant(self, session: Session, tenant_id: str) -> None:
        """Store the first version of a tenant's key."""
        self.tenants.create(session, tenant_id)

    def tenant(self, session: Session, tenant_id: str) -> TenantKeys:
        """Return the subkeys of a tenant.

        Raises:
            KeyDestroyed: the tenant has no key, or no longer.
            KeyUnavailable: the provider cannot unwrap it.
        """
        return self.tenants.get(session, tenant_id)

    def create(self, session: Session, tenant_id: str, owner: str) -> Cipher:
        """Store a new wrapped key for `owner`, such as "document:<id>", and return its cipher."""
        keys, secret = self.tenant(session, tenant_id), os.urandom(KEY_BYTES)
        wrapped = keys.wrapping.seal(key_place(owner), secret)
        row = WrappedKey(
            tenant_id=tenant_id, owner=owner, wrapped=wrapped, created_at=self._clock()
        )
        session.add(row)
        session.flush()
        return self._unwrapped(keys, tenant_id, owner, wrapped)

    def obtain(self, session: Session, tenant_id: str, owner: str) -> Cipher:
        """Return the cipher of `owner`, storing a new key when there is none yet."""
        found = self.ciphers(session, tenant_id, [owner])
        if owner in found:
            return found[owner]
        try:
            with session.begin_nested():
                return self.create(session, tenant_id, owner)
        except IntegrityError:  # another transaction was first
            return self.cipher(session, tenant_id, owner)

    def cipher(self, session: Session, tenant_id: str, owner: str) -> Cipher:
        """Return the cipher of `owner`.

        Raises:
            KeyDestroyed: there is no such key, or no longer.
        """
        found = self.ciphers(session, tenant_id, [owner])
        if owner not in found:
            raise KeyDestroyed
        return found[owner]

    def ciphers(self, session: Session, tenant_id: str, owners: Sequence[str]) -> dict[str, Cipher]:
        """Return the ciphers of those `owners` whose key exists."""
        wrapped = dict[str, bytes]()
        for start in range(0, len(owners), _QUERY_OWNERS_MAX):
            wanted = owners[start : start + _QUERY_OWNERS_MAX]
            rows = select_rows(session, _STORED, {"tenant_id": tenant_id, "owners": wanted})
            wrapped.update((owner, sealed) for owner, sealed in rows)
        for owner in set(owners) - wrapped.keys():
            self._ciphers.drop((tenant_id, owner))
        return self.unwrapped(session, tenant_id, wrapped)

    def unwrapped(
        self, session: Session, tenant_id: str, wrapped: Mapping[str, bytes]
    ) -> dict[str, Cipher]:
        """Return the ciphers of wrapped keys, by owner, that the caller has just read."""
        found = dict[str, Cipher]()
        keys: TenantKeys | None = None
        for owner, sealed in wrapped.items():
            cipher = self._ciphers.known((tenant_id, owner), sealed)
            if cipher is None:
                # After the wrapped keys: a rotation may have given them a wrapping newer still.
                keys = keys or self.tenant(session, tenant_id)
                cipher = self._unwrapped(keys, tenant_id, owner, sealed)
            found[owner] = cipher
        return found

    def destroy(self, session: Session, tenant_id: str, owner: str) -> None:
        """Delete a wrapped key: once committed, all that it sealed is unreadable for good."""
        gone = session.scalar(
            delete(WrappedKey)
            .where(WrappedKey.tenant_id == tenant_id, WrappedKey.owner == owner)
            .returning(WrappedKey.wrapped)
        )
        if gone is not None:
            note_destroyed(session, owner, gone)
        self._ciphers.drop((tenant_id, owner))

    def destroy_all_of(self, session: Session, tenant_id: str, entity_id: str) -> None:
        """Delete every wrapped key that belongs to one thing, such as "person:<id>"."""
        for owner in self.owned_by(session, tenant_id, entity_id):
            self.destroy(session, tenant_id, owner)

    def owned_by(self, session: Session, tenant_id: str, entity_id: str) -> Sequence[str]:
        """List the owners that name one thing, whatever kind of key it is."""
        owned = select(WrappedKey.owner).where(
            WrappedKey.tenant_id == tenant_id,
            WrappedKey.owner.endswith(f":{entity_id}", autoescape=True),
            WrappedKey.owner.not_like(f"{TENANT_OWNER}%"),  # the tenant's own are never one thing's
        )
        return session.scalars(owned).all()

    def destroy_tenant(self, session: Session, tenant_id: str) -> None:
        """Delete a tenant's keys, and with them all that any key of the tenant sealed."""
        owned = select(WrappedKey.owner).where(WrappedKey.tenant_id == tenant_id)
        for owner in session.scalars(owned).all():
            self.destroy(session, tenant_id, owner)
        self.tenants.destroy(session, tenant_id)

    def _unwrapped(self, keys: TenantKeys, tenant_id: str, owner: str, wrapped: bytes) -> Cipher:
        return self._ciphers.get(
            (tenant_id, owner),
            wrapped,
            lambda: Cipher(tenant_id, Key(keys.wrapping.open(key_place(owner), wrapped))),
        )


_STORED = select(WrappedKey.owner, WrappedKey.wrapped).where(
    WrappedKey.tenant_id == bindparam("tenant_id"),
    WrappedKey.owner.in_(bindparam("owners", expanding=True)),
)
