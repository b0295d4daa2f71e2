"""Accounts of programs: created, listed, given new credentials and deleted by administrators."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import uuid4

from sqlalchemy import and_, delete, func, select
from sqlalchemy.orm import Session

from security.accounts import normal_name, require_administrator
from security.audit import AuditLog
from security.epochs import bump
from security.errors import Conflict, Forbidden, InvalidInput, NameTaken, NotFound
from security.grants import Grants, may_hand_out
from security.oauth.public_keys import checked_public_jwk
from security.oauth.tables import ServiceAccount
from security.principal import Principal, Role
from security.secret_tokens import new_secret, secret_hash
from security.settings import ServiceAccountSettings
from security.tables import SERVICE, Grant, Identity, User

PREFIX: Final = "sbs_"
Credential = Literal["secret", "key", "provider"]


@dataclass(frozen=True, slots=True)
class ExternalIdentity:
    """Who a program is to an identity provider: its access tokens come from there."""

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True)
class ServiceAccountInfo:
    """A service account as administrators see it; `id` is the client id, `role` tenant-wide."""

    id: str
    name: str
    role: Role | None
    credential: Credential
    created_by: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewServiceAccount:
    """What an administrator asks for. Without a key or an identity it gets a secret."""

    name: str
    role: Role | None
    expires_in_days: int
    public_jwk: Mapping[str, object] | None = None
    identity: ExternalIdentity | None = None


@dataclass(frozen=True, slots=True)
class IssuedServiceAccount:
    """A new account; `secret`, if it has one, is shown once and kept nowhere."""

    info: ServiceAccountInfo
    secret: str | None = field(repr=False)


class ServiceAccounts:
    """Looks after the service accounts of a tenant, each change with its audit entry.

    Everything here needs the right to administer, in a browser or by a password: a program that
    makes itself another credential could not be shut out.
    """

    def __init__(
        self,
        settings: ServiceAccountSettings,
        grants: Grants,
        audit: AuditLog,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._grants = grants
        self._audit = audit
        self._clock = clock

    def create(
        self, session: Session, principal: Principal, new: NewServiceAccount
    ) -> IssuedServiceAccount:
        """Add an account with a tenant-wide role, or with none and so without any right yet.

        Raises:
            Forbidden: the caller may not administer, uses a token, or holds less than the role.
            NameRefused, NameTaken, InvalidInput: choose others.
            Conflict: there are too many, or the identity is somebody's.
        """
        _require_administrator(principal)
        if new.role:
            may_hand_out(principal, new.role, None)
        row, secret = self._checked(session, principal, new)
        user = User(
            id=row.id,
            tenant_id=row.tenant_id,
            name=self._free_name(session, principal.tenant_id, new.name),
            password_hash=None,
            kind=SERVICE,
            created_at=row.created_at,
        )
        session.add(user)
        session.flush()
        session.add(row)
        if new.identity:
            self._link(session, row, new.identity)
        session.flush()
        self._record(session, principal, "create", row, {"name": user.name, "role": new.role})
        if new.role:
            self._grants.set(session, principal, row.id, None, new.role)
        return IssuedServiceAccount(_info(row, user.name, new.role), secret)

    def accounts(self, session: Session, principal: Principal) -> list[ServiceAccountInfo]:
        """Return all service accounts of the tenant by name, expired ones included.

        Raises:
            Forbidden: the caller may not administer.
        """
        require_administrator(principal)
        tenant_wide = and_(Grant.user_id == User.id, Grant.collection_id.is_(None))
        query = (
            select(ServiceAccount, User.name, Grant.role)
            .join(User, User.id == ServiceAccount.id)
            .outerjoin(Grant, tenant_wide)
            .where(ServiceAccount.tenant_id == principal.tenant_id)
            .order_by(User.name)
        )
        return [
            _info(row, name, Role(role) if role else None)
            for row, name, role in session.execute(query)
        ]

    def rotate_secret(self, session: Session, principal: Principal, account_id: str) -> str:
        """Give an account a new secret in place of its secret or key; return it.

        The old credential and every token that was issued under it end with the transaction.

        Raises:
            Forbidden, NotFound: as for `delete`.
            Conflict: its tokens come from a provider.
        """
        row, secret = self._own(session, principal, account_id), new_secret(PREFIX)
        row.secret_hash, row.public_jwk = secret_hash(secret), None
        self._renewed(session, principal, "rotate_secret", row)
        return secret

    def set_key(
        self,
        session: Session,
        principal: Principal,
        account_id: str,
        public_jwk: Mapping[str, object],
    ) -> None:
        """Let an account authenticate with a key in place of its secret or key; see above.

        Raises:
            InvalidInput: no public key that can be used.
            Forbidden, NotFound: as for `delete`.
            Conflict: its tokens come from a provider.
        """
        row = self._own(session, principal, account_id)
        row.secret_hash, row.public_jwk = None, checked_public_jwk(public_jwk)
        self._renewed(session, principal, "set_key", row)

    def delete(self, session: Session, principal: Principal, account_id: str) -> None:
        """Delete an account with its grants; its tokens fail from the commit on.

        Raises:
            Forbidden: the caller may not administer, or uses a token.
            NotFound: no such account in the caller's tenant.
        """
        row = self._found(session, principal, account_id)
        self._record(session, principal, "delete", row, {})
        session.execute(delete(User).where(User.id == row.id))
        bump(session, row.tenant_id)

    def _checked(
        self, session: Session, principal: Principal, new: NewServiceAccount
    ) -> tuple[ServiceAccount, str | None]:
        most = self._settings.lifetime_days_max
        if not 1 <= new.expires_in_days <= most:
            raise InvalidInput(f"A service account needs a lifetime of 1 to {most} days.")
        if new.public_jwk and new.identity:
            raise InvalidInput("Give a public key, or an issuer and a subject, not both.")
        counted = select(func.count()).where(ServiceAccount.tenant_id == principal.tenant_id)
        if (session.scalar(counted) or 0) >= self._settings.per_tenant_max:
            raise Conflict("There are too many service accounts. Delete one that is unused.")
        secret = None if new.public_jwk or new.identity else new_secret(PREFIX)
        now = self._clock()
        row = ServiceAccount(
            id=uuid4().hex,
            tenant_id=principal.tenant_id,
            secret_hash=secret_hash(secret) if secret else None,
            public_jwk=checked_public_jwk(new.public_jwk) if new.public_jwk else None,
            generation=1,
            created_by=principal.user_id,
            created_at=now,
            expires_at=now + timedelta(days=new.expires_in_days),
        )
        return row, secret

    def _link(self, session: Session, row: ServiceAccount, identity: ExternalIdentity) -> None:
        key = (row.tenant_id, identity.issuer, identity.subject)
        if session.get(Identity, key):
            raise Conflict("This issuer and subject belong to another account.")
        linked = Identity(
            tenant_id=row.tenant_id,
            issuer=identity.issuer,
            subject=identity.subject,
            user_id=row.id,
            created_at=row.created_at,
        )
        session.add(linked)

    def _free_name(self, session: Session, tenant_id: str, name: str) -> str:
        name = normal_name(name)
        taken = select(User.id).where(User.tenant_id == tenant_id, User.name == name)
        if session.scalar(taken):
            raise NameTaken
        return name

    def _found(self, session: Session, principal: Principal, account_id: str) -> ServiceAccount:
        _require_administrator(principal)
        row = session.get(ServiceAccount, account_id)
        if row is None or row.tenant_id != principal.tenant_id:
            raise NotFound
        return row

    def _own(self, session: Session, principal: Principal, account_id: str) -> ServiceAccount:
        row = self._found(session, principal, account_id)
        if _credential(row) == "provider":
            raise Conflict("The tokens of this account come from the identity provider.")
        return row

    def _renewed(
        self, session: Session, principal: Principal, action: str, row: ServiceAccount
    ) -> None:
        row.generation += 1
        session.flush()
        self._record(session, principal, action, row, {})

    def _record(
        self,
        session: Session,
        principal: Principal,
        action: str,
        row: ServiceAccount,
        details: Mapping[str, object],
    ) -> None:
        self._audit.record(
            session,
            principal.tenant_id,
            principal.user_id,
            f"service_account.{action}",
            row.id,
            details=details,
        )


def _credential(row: ServiceAccount) -> Credential:
    if row.secret_hash is not None:
        return "secret"
    return "key" if row.public_jwk is not None else "provider"


def _info(row: ServiceAccount, name: str, role: Role | None) -> ServiceAccountInfo:
    return ServiceAccountInfo(
        row.id, name, role, _credential(row), row.created_by, row.created_at, row.expires_at
    )


def _require_administrator(principal: Principal) -> None:
    require_administrator(principal)
    if principal.scopes is not None:
        raise Forbidden
