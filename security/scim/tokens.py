"""Bearer tokens of directories: they provision users and groups, and can do nothing else."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from security.accounts import normal_name, require_administrator
from security.audit import AuditLog
from security.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated
from security.principal import Principal
from security.scim.tables import ScimToken
from security.secret_tokens import is_secret, new_secret, secret_hash
from security.settings import ScimSettings
from storage.row_security import enter_tenant, show_credential

PREFIX: Final = "sbp_"


@dataclass(frozen=True, slots=True)
class ScimTokenInfo:
    """A token as administrators see it."""

    id: str
    name: str
    issuer: str | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class IssuedScimToken:
    """A new token; `token` is shown once and kept nowhere."""

    info: ScimTokenInfo
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Directory:
    """Who provisions: a tenant's directory, by one of its tokens."""

    tenant_id: str
    token_id: str
    issuer: str | None

    @property
    def actor(self) -> str:
        """Its name in the audit log."""
        return f"scim:{self.token_id}"


class ScimTokens:
    """Issues, lists, revokes and checks the tokens of directories."""

    def __init__(
        self, settings: ScimSettings, audit: AuditLog, clock: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._audit = audit
        self._clock = clock

    def create(
        self,
        session: Session,
        principal: Principal,
        name: str,
        expires_in_days: int,
        issuer: str | None = None,
    ) -> IssuedScimToken:
        """Issue a token; with an `issuer`, its people's externalId is their subject there.

        Raises:
            Forbidden: the caller may not administer, or uses a token.
            InvalidInput, NameRefused: a lifetime or name that is not allowed.
            Conflict: there are too many.
        """
        _require_administrator(principal)
        self._check(session, principal, expires_in_days)
        token, now = new_secret(PREFIX), self._clock()
        row = ScimToken(
            id=uuid4().hex,
            tenant_id=principal.tenant_id,
            name=normal_name(name),
            secret_hash=secret_hash(token),
            issuer=issuer,
            created_by=principal.user_id,
            created_at=now,
            expires_at=now + timedelta(days=expires_in_days),
        )
        session.add(row)
        self._record(session, principal, "create", row)
        return IssuedScimToken(_info(row), token)

    def tokens(self, session: Session, principal: Principal) -> list[ScimTokenInfo]:
        """Return the tenant's tokens, the newest first, expired ones included.

        Raises:
            Forbidden: the caller may not administer.
        """
        require_administrator(principal)
        query = (
            select(ScimToken)
            .where(ScimToken.tenant_id == principal.tenant_id)
            .order_by(ScimToken.created_at.desc(), ScimToken.id)
        )
        return [_info(row) for row in session.scalars(query)]

    def revoke(self, session: Session, principal: Principal, token_id: str) -> None:
        """Delete a token; it fails from the commit on.

        Raises:
            Forbidden: the caller may not administer.
            NotFound: the tenant has no such token.
        """
        require_administrator(principal)
        row = session.get(ScimToken, token_id)
        if row is None or row.tenant_id != principal.tenant_id:
            raise NotFound
        session.delete(row)
        self._record(session, principal, "revoke", row)

    def authenticate(self, session: Session, token: str) -> Directory:
        """Return whose token it is.

        Raises:
            Unauthenticated: malformed, unknown, revoked or expired: all look the same.
        """
        if not is_secret(PREFIX, token):
            raise Unauthenticated
        hashed = secret_hash(token)
        show_credential(session, hashed)
        row = session.scalar(select(ScimToken).where(ScimToken.secret_hash == hashed))
        if row is None or row.expires_at <= self._clock():
            raise Unauthenticated
        enter_tenant(session, row.tenant_id)
        return Directory(row.tenant_id, row.id, row.issuer)

    def _check(self, session: Session, principal: Principal, expires_in_days: int) -> None:
        most = self._settings.token_lifetime_days_max
        if not 1 <= expires_in_days <= most:
            raise InvalidInput(f"A provisioning token needs a lifetime of 1 to {most} days.")
        counted = select(func.count()).where(ScimToken.tenant_id == principal.tenant_id)
        if (session.scalar(counted) or 0) >= self._settings.tokens_max:
            raise Conflict("There are too many provisioning tokens. Revoke one that is unused.")

    def _record(self, session: Session, principal: Principal, action: str, row: ScimToken) -> None:
        session.flush()
        details = {"name": row.name, "issuer": row.issuer}
        self._audit.record(
            session,
            principal.tenant_id,
            principal.user_id,
            f"scim_token.{action}",
            row.id,
            details=details,
        )


def _info(row: ScimToken) -> ScimTokenInfo:
    return ScimTokenInfo(row.id, row.name, row.issuer, row.created_at, row.expires_at)


def _require_administrator(principal: Principal) -> None:
    require_administrator(principal)
    if principal.scopes is not None:
        raise Forbidden
