"""A tenant's keys: versions, each wrapped by the key-encryption key, and what they are used for."""

import hmac
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from security.aead import KEY_BYTES, Key, derive
from security.cipher import Cipher
from security.erasure.destroyed import note_destroyed
from security.errors import KeyDestroyed
from security.key_cache import KeyCache
from security.keys import KeyProvider
from security.places import Place, length_prefixed
from security.tables import TenantKey, WrappedKey

LASTING: Final = ("audit", "blind token", "digest")
"""Purposes whose key outlives a version. Digests and blind tokens are compared with stored ones,
and an entry of the audit log never changes, so a new version cannot seal them again."""
_FIRST: Final = 1
TENANT_OWNER: Final = "tenant:"
"""How owners of wrapped keys begin that belong to the tenant as a whole."""


class TenantKeys:
    """One tenant's subkeys, one for each purpose.

    `secrets` are the tenant's key versions, oldest first: fields and wrapped keys are sealed under
    the newest and open under any. `lasting` holds the secrets of `LASTING` by purpose.
    """

    def __init__(
        self, tenant_id: str, secrets: Mapping[int, bytes], lasting: Mapping[str, bytes]
    ) -> None:
        self.fields = _versioned(tenant_id, secrets, "field")
        self.wrapping = _versioned(tenant_id, secrets, "wrap")
        self.audit = Cipher(tenant_id, Key(lasting["audit"]))
        self.blind_token_key = lasting["blind token"]
        self._digest_key = lasting["digest"]

    def digest(self, purpose: str, data: bytes) -> str:
        """Return a keyed hash (HMAC-SHA256, hex) by which equal values of a purpose are found."""
        return hmac.digest(self._digest_key, length_prefixed(purpose) + data, "sha256").hex()


class TenantKeyStore:
    """The rows of `tenant_keys`, unwrapped once per process. Safe to share between threads."""

    def __init__(
        self, provider: KeyProvider, clock: Callable[[], datetime], cached_keys_max: int
    ) -> None:
        self._provider = provider
        self._clock = clock
        self._cache = KeyCache[str, tuple[bytes, ...], TenantKeys](cached_keys_max)

    def create(self, session: Session, tenant_id: str) -> None:
        """Store the first version of a tenant's key."""
        self._add(session, tenant_id, _FIRST)

    def get(self, session: Session, tenant_id: str) -> TenantKeys:
        """Return the subkeys of a tenant.

        Raises:
            KeyDestroyed: the tenant has no key, or no longer.
            KeyUnavailable: the provider cannot unwrap it.
        """
        wrapped = self._wrapped(session, tenant_id)
        return self._cache.get(
            tenant_id, tuple(wrapped.values()), lambda: self._unwrapped(session, tenant_id)
        )

    def add_version(self, session: Session, tenant_id: str) -> int:
        """Store a new version, under which fields and keys are sealed from now on.

        What lasts is first wrapped by itself: until now it was derived from the first version.

        Returns: its number.
        """
        secrets = self._secrets(tenant_id, self._wrapped(session, tenant_id))
        cipher = self._unwrapped(session, tenant_id).wrapping
        if not _wrapped_lasting(session, tenant_id):
            for purpose, secret in _derived_lasting(secrets).items():
                self._keep(session, tenant_id, cipher, purpose, secret)
        version = max(secrets) + 1
        self._add(session, tenant_id, version)
        return version

    def destroy(self, session: Session, tenant_id: str) -> None:
        """Delete all versions of a tenant's key."""
        gone = delete(TenantKey).where(TenantKey.tenant_id == tenant_id)
        for version, wrapped in session.execute(
            gone.returning(TenantKey.version, TenantKey.wrapped)
        ):
            note_destroyed(session, tenant_key_owner(version), wrapped)
        self._cache.drop(tenant_id)

    def wrap_again(self, session: Session, tenant_id: str) -> int:
        """Put every version under the provider's present key-encryption key.

        Returns: how many were under an older one.
        """
        changed = 0
        rows = session.scalars(select(TenantKey).where(TenantKey.tenant_id == tenant_id))
        for row in rows:
            if not self._provider.is_current(row.wrapped):
                bound = _bound(tenant_id, row.version)
                secret = self._provider.unwrap(bound, row.wrapped)
                row.wrapped = self._provider.wrap(bound, secret)
                changed += 1
        session.flush()
        return changed

    def is_under_present_kek(self, row: TenantKey) -> bool:
        """Tell whether a version is wrapped by the provider's present key-encryption key."""
        return self._provider.is_current(row.wrapped)

    def wrapping_ids(self, session: Session, tenant_id: str) -> dict[int, bytes]:
        """Return, by version, the id of the key that wraps the keys of documents."""
        secrets = self._secrets(tenant_id, self._wrapped(session, tenant_id))
        return {version: Key(derive(secret, "wrap")).id for version, secret in secrets.items()}

    def _wrapped(self, session: Session, tenant_id: str) -> dict[int, bytes]:
        stored = (
            select(TenantKey.version, TenantKey.wrapped)
            .where(TenantKey.tenant_id == tenant_id)
            .order_by(TenantKey.version)
        )
        versions: dict[int, bytes] = {row.version: row.wrapped for row in session.execute(stored)}
        if not versions:
            self._cache.drop(tenant_id)
            raise KeyDestroyed
        return versions

    def _secrets(self, tenant_id: str, wrapped: Mapping[int, bytes]) -> dict[int, bytes]:
        return {
            version: self._provider.unwrap(_bound(tenant_id, version), sealed)
            for version, sealed in wrapped.items()
        }

    def _unwrapped(self, session: Session, tenant_id: str) -> TenantKeys:
        # Wrapped keys are read before what wraps them: a rotation that goes on meanwhile then never
        # leaves a key without its wrapping.
        kept = _wrapped_lasting(session, tenant_id)
        secrets = self._secrets(tenant_id, self._wrapped(session, tenant_id))
        if not kept:
            return TenantKeys(tenant_id, secrets, _derived_lasting(secrets))
        cipher = _versioned(tenant_id, secrets, "wrap")
        lasting = {
            purpose: cipher.open(key_place(lasting_owner(purpose)), sealed)
            for purpose, sealed in kept.items()
        }
        return TenantKeys(tenant_id, secrets, lasting)

    def _add(self, session: Session, tenant_id: str, version: int) -> None:
        wrapped = self._provider.wrap(_bound(tenant_id, version), os.urandom(KEY_BYTES))
        row = TenantKey(
            tenant_id=tenant_id, version=version, wrapped=wrapped, created_at=self._clock()
        )
        session.add(row)
        session.flush()

    def _keep(
        self, session: Session, tenant_id: str, cipher: Cipher, purpose: str, secret: bytes
    ) -> None:
        owner = lasting_owner(purpose)
        session.add(
            WrappedKey(
                tenant_id=tenant_id,
                owner=owner,
                wrapped=cipher.seal(key_place(owner), secret),
                created_at=self._clock(),
            )
        )


def tenant_key_owner(version: int) -> str:
    """Name a version of a tenant's key in receipts."""
    return f"tenant key:{version}"


def lasting_owner(purpose: str) -> str:
    """Return under which owner the key of a lasting purpose is wrapped."""
    return f"{TENANT_OWNER}{purpose}"


def key_place(owner: str) -> Place:
    """Return the place that a wrapped key is bound to."""
    return Place("wrapped_keys", owner, "wrapped")


def _versioned(tenant_id: str, secrets: Mapping[int, bytes], purpose: str) -> Cipher:
    *older, newest = [Key(derive(secret, purpose)) for secret in secrets.values()]
    return Cipher(tenant_id, newest, older)


def _derived_lasting(secrets: Mapping[int, bytes]) -> dict[str, bytes]:
    """Derive what lasts from the only version; from the second on, it is stored wrapped.

    Raises:
        KeyDestroyed: it should be stored and is not.
    """
    if len(secrets) > 1 or _FIRST not in secrets:
        raise KeyDestroyed
    return {purpose: derive(secrets[_FIRST], purpose) for purpose in LASTING}


def _wrapped_lasting(session: Session, tenant_id: str) -> dict[str, bytes]:
    owners = {lasting_owner(purpose): purpose for purpose in LASTING}
    stored = select(WrappedKey.owner, WrappedKey.wrapped).where(
        WrappedKey.tenant_id == tenant_id, WrappedKey.owner.in_(owners)
    )
    return {owners[row.owner]: row.wrapped for row in session.execute(stored)}


def _bound(tenant_id: str, version: int) -> bytes:
    return length_prefixed(tenant_id, "tenant_keys", str(version), "wrapped")
