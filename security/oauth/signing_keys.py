"""The keys that sign our access tokens: ES256, one pair at a time, replaced by age."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from joserfc.jwk import ECKey
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from security.audit import AuditLog
from security.errors import Unauthenticated
from security.keyring import KeyRing
from security.oauth.tables import SigningKey
from security.places import Place
from security.settings import ServiceAccountSettings

ALGORITHM: Final = "ES256"
ACTOR: Final = "system"
"""The actor in the audit log of what happens by itself."""
_CURVE: Final = "P-256"


class SigningKeys:
    """Signing keys of all tenants; the private halves are sealed, each under a key of its own."""

    def __init__(
        self,
        settings: ServiceAccountSettings,
        keyring: KeyRing,
        audit: AuditLog,
        clock: Callable[[], datetime],
    ) -> None:
        self._lifetime = timedelta(days=settings.signing_key_days)
        # A key is served until every token that it signed has expired, on any clock.
        seconds = settings.token_seconds + 2 * settings.clock_skew_seconds_max
        self._overlap = timedelta(seconds=seconds)
        self._keyring = keyring
        self._audit = audit
        self._clock = clock

    def signer(self, session: Session, tenant_id: str) -> tuple[str, ECKey]:
        """Return the id of the key that signs now, and the key; make it when it is due.

        Side effects: a new key deletes those whose tokens have all expired.
        """
        now = self._clock()
        newest = session.scalar(_keys(tenant_id).limit(1))
        if newest is None or now >= newest.ends_at - self._overlap:
            newest = self._add(session, tenant_id, now)
        cipher = self._keyring.cipher(session, tenant_id, _owner(newest.kid))
        private = json.loads(cipher.open(_place(newest.kid), newest.sealed))
        return newest.kid, ECKey.import_key(private)

    def verifier(self, session: Session, tenant_id: str, kid: str) -> ECKey:
        """Return the public key of an id.

        Raises:
            Unauthenticated: the tenant has no such key, or no longer.
        """
        row = session.get(SigningKey, kid)
        if row is None or row.tenant_id != tenant_id or row.ends_at <= self._clock():
            raise Unauthenticated
        return ECKey.import_key(dict(row.public_jwk))

    def public(self, session: Session, tenant_id: str) -> list[dict[str, Any]]:
        """Return the JWK set's keys, the newest first (RFC 7517, section 5)."""
        rows = session.scalars(_keys(tenant_id).where(SigningKey.ends_at > self._clock()))
        return [{**row.public_jwk, "kid": row.kid, "use": "sig", "alg": ALGORITHM} for row in rows]

    def _add(self, session: Session, tenant_id: str, now: datetime) -> SigningKey:
        ended = session.scalars(_keys(tenant_id).where(SigningKey.ends_at <= now)).all()
        for row in ended:
            self._keyring.destroy(session, tenant_id, _owner(row.kid))
        session.execute(delete(SigningKey).where(SigningKey.kid.in_([row.kid for row in ended])))
        kid, pair = uuid4().hex, ECKey.generate_key(_CURVE, auto_kid=False)
        cipher = self._keyring.create(session, tenant_id, _owner(kid))
        private = json.dumps(pair.as_dict(private=True)).encode()
        row = SigningKey(
            kid=kid,
            tenant_id=tenant_id,
            public_jwk=pair.as_dict(private=False),
            sealed=cipher.seal(_place(kid), private),
            created_at=now,
            ends_at=now + self._lifetime + self._overlap,
        )
        session.add(row)
        session.flush()
        self._audit.record(session, tenant_id, ACTOR, "signing_key.create", kid)
        return row


def _keys(tenant_id: str) -> Any:
    newest_first = SigningKey.created_at.desc(), SigningKey.kid
    return select(SigningKey).where(SigningKey.tenant_id == tenant_id).order_by(*newest_first)


def _owner(kid: str) -> str:
    return f"signing:{kid}"


def _place(kid: str) -> Place:
    return Place("signing_keys", kid, "sealed")
