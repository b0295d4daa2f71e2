"""Personal access tokens for programs: shown once, stored as a hash, never above their owner."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from security.accounts import normal_name, principal_of
from security.audit import AuditLog
from security.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated
from security.principal import Principal, Verb
from security.secret_tokens import is_secret, new_secret, secret_hash
from security.settings import AccessTokenSettings
from security.tables import AccessToken
from storage.row_security import enter_tenant, show_credential
from storage.selects import select_rows

PREFIX: Final = "sbk_"


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What its owner may see of a token."""

    id: str
    name: str
    scopes: frozenset[Verb]
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token; `token` is shown once and kept nowhere."""

    info: TokenInfo
    token: str = field(repr=False)


class AccessTokens:
    """Issues, lists, revokes and checks tokens."""

    def __init__(
        self, settings: AccessTokenSettings, audit: AuditLog, clock: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._audit = audit
        self._clock = clock

    def create(
        self,
        session: Session,
        principal: Principal,
        name: str,
        scopes: Iterable[Verb],
        expires_in_days: int,
    ) -> IssuedToken:
        """Issue a token that may do what its owner may, and of that only `scopes`.

        Raises:
            Forbidden: the caller uses a token; one must not outlive itself through another.
            InvalidInput, NameRefused: no scope, or a lifetime that is not allowed.
            Conflict: the owner has too many.
        """
        if principal.scopes is not None:
            raise Forbidden
        allowed = self._checked(session, principal, scopes, expires_in_days)
        now, token = self._clock(), new_secret(PREFIX)
        row = AccessToken(
            id=uuid4().hex,
            tenant_id=principal.tenant_id,
            user_id=principal.user_id,
            name=normal_name(name),
            secret_hash=secret_hash(token),
            scopes=sorted(allowed),
            created_at=now,
            expires_at=now + timedelta(days=expires_in_days),
        )
        session.add(row)
        self._record(session, principal, "token.create", row)
        return IssuedToken(_info(row), token)

    def tokens(self, session: Session, principal: Principal) -> list[TokenInfo]:
        """Return the caller's own tokens, the newest first, expired ones included."""
        owned = select(AccessToken).where(AccessToken.user_id == principal.user_id)
        return [
            _info(row) for row in session.scalars(owned.order_by(AccessToken.created_at.desc()))
        ]

    def revoke(self, session: Session, principal: Principal, token_id: str) -> None:
        """Delete one of the caller's tokens; it fails from the commit on.

        Raises:
            NotFound: the caller has no such token.
        """
        row = session.get(AccessToken, token_id)
        if row is None or row.user_id != principal.user_id:
            raise NotFound
        session.delete(row)
        self._record(session, principal, "token.revoke", row)

    def authenticate(self, session: Session, token: str) -> Principal:
        """Return who the token stands for now, limited to its scopes.

        Raises:
            Unauthenticated: malformed, unknown, revoked or expired: all look the same.
        """
        if not is_well_formed(token):
            raise Unauthenticated
        hashed = secret_hash(token)
        show_credential(session, hashed)
        row = select_rows(session, _KNOWN, {"secret_hash": hashed}).one_or_none()
        if row is None or row.expires_at <= self._clock():
            raise Unauthenticated
        enter_tenant(session, row.tenant_id)
        return principal_of(session, row.user_id, _scopes(row.scopes))

    def _checked(
        self,
        session: Session,
        principal: Principal,
        scopes: Iterable[Verb],
        expires_in_days: int,
    ) -> frozenset[Verb]:
        allowed, most = frozenset(scopes), self._settings.lifetime_days_max
        if not allowed or not 1 <= expires_in_days <= most:
            detail = f"A token needs at least one scope and a lifetime of 1 to {most} days."
            raise InvalidInput(detail)
        owned = select(func.count()).where(AccessToken.user_id == principal.user_id)
        if (session.scalar(owned) or 0) >= self._settings.per_user_max:
            detail = "You have too many access tokens. Revoke one that you no longer use."
            raise Conflict(detail)
        return allowed

    def _record(
        self, session: Session, principal: Principal, action: str, row: AccessToken
    ) -> None:
        details = {"name": row.name, "scopes": row.scopes}
        self._audit.record(
            session, principal.tenant_id, principal.user_id, action, row.id, details=details
        )


def is_well_formed(token: str) -> bool:
    """Whether prefix and checksum fit, as a scanner for leaked secrets checks it too."""
    return is_secret(PREFIX, token)


_KNOWN = select(
    AccessToken.tenant_id, AccessToken.user_id, AccessToken.scopes, AccessToken.expires_at
).where(AccessToken.secret_hash == bindparam("secret_hash"))


def _scopes(stored: Iterable[str]) -> frozenset[Verb]:
    return frozenset(map(Verb, stored))


def _info(row: AccessToken) -> TokenInfo:
    return TokenInfo(row.id, row.name, _scopes(row.scopes), row.created_at, row.expires_at)
