"""People: their accounts and who they are to the rest of the system."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

from sqlalchemy import and_, bindparam, delete, select
from sqlalchemy.orm import Session

from security.audit import AuditLog
from security.epochs import bump, note_epoch
from security.errors import Forbidden, NameRefused, NameTaken, NoPassword, NotFound, Unauthenticated
from security.grants import keep_an_owner, may_hand_out
from security.memberships import memberships_of
from security.passwords import Passwords
from security.principal import Principal, Role, Verb
from security.tables import PERSON, BrowserSession, Grant, Tenant, User
from storage.selects import select_rows

NAME_CHARACTERS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Account:
    """A person as administrators see one; `role` is the tenant-wide one.

    Without a password, they sign in through an identity provider only.
    """

    id: str
    name: str
    role: Role | None
    created_at: datetime
    has_password: bool = True


class Accounts:
    """Creates, lists and deletes the users of a tenant, each change with its audit entry."""

    def __init__(
        self, passwords: Passwords, audit: AuditLog, clock: Callable[[], datetime]
    ) -> None:
        self._passwords = passwords
        self._audit = audit
        self._clock = clock

    def create_user(
        self, session: Session, principal: Principal, name: str, password: str, role: Role | None
    ) -> Account:
        """Add a user with a tenant-wide role, or with none and so without any right yet.

        Raises:
            Forbidden: the caller may not administer, or holds less than `role`.
            NameRefused, NameTaken, PasswordRefused: choose others.
        """
        require_administrator(principal)
        if role:
            may_hand_out(principal, role, None)
        name = normal_name(name)
        taken = select(User.id).where(User.tenant_id == principal.tenant_id, User.name == name)
        if session.scalar(taken):
            raise NameTaken
        account = Account(uuid4().hex, name, role, self._clock())
        self._store(session, principal, account, self._passwords.hash(password))
        return account

    def users(self, session: Session, principal: Principal) -> list[Account]:
        """Return all users of the tenant by name.

        Raises:
            Forbidden: the caller may not administer.
        """
        require_administrator(principal)
        tenant_wide = and_(Grant.user_id == User.id, Grant.collection_id.is_(None))
        query = (
            select(User, Grant.role)
            .outerjoin(Grant, tenant_wide)
            .where(User.tenant_id == principal.tenant_id, User.kind == PERSON)
            .order_by(User.name)
        )
        return [_account(user, role) for user, role in session.execute(query)]

    def delete_user(self, session: Session, principal: Principal, user_id: str) -> None:
        """Delete a user with all grants, sessions and tokens; what they uploaded stays.

        Raises:
            Forbidden: the caller may not administer.
            NotFound: no such user in the caller's tenant.
            LastOwner: nobody would be left to administer.
        """
        require_administrator(principal)
        user = user_of(session, principal.tenant_id, user_id)
        self.erase(session, principal.tenant_id, user.id)
        self._audit.record(session, principal.tenant_id, principal.user_id, "user.delete", user_id)

    def erase(self, session: Session, tenant_id: str, user_id: str) -> None:
        """Delete a user's rows as part of an erasure, whose audit entry covers it.

        Raises:
            LastOwner: nobody would be left to administer.
        """
        keep_an_owner(session, tenant_id, user_id)
        session.execute(delete(User).where(User.tenant_id == tenant_id, User.id == user_id))
        bump(session, tenant_id)

    def set_password(
        self, session: Session, principal: Principal, user_id: str, password: str
    ) -> None:
        """Give a user who forgot it a new password, and sign them out everywhere.

        Raises:
            Forbidden: the caller may not administer, or uses an access token: whoever can set
                an owner's password can do more than the token's scopes say.
            NotFound: no such user in the caller's tenant.
            NoPassword: they sign in elsewhere; a password would outlast their leaving there.
            PasswordRefused: choose another.
        """
        require_administrator(principal)
        if principal.scopes is not None:
            raise Forbidden
        user = user_of(session, principal.tenant_id, user_id)
        if user.password_hash is None:
            raise NoPassword
        user.password_hash = self._passwords.hash(password)
        session.execute(delete(BrowserSession).where(BrowserSession.user_id == user_id))
        self._audit.record(
            session, principal.tenant_id, principal.user_id, "user.set_password", user_id
        )

    def _store(
        self, session: Session, principal: Principal, account: Account, password_hash: str
    ) -> None:
        tenant_id, created_at = principal.tenant_id, account.created_at
        user = User(
            id=account.id,
            tenant_id=tenant_id,
            name=account.name,
            password_hash=password_hash,
            created_at=created_at,
        )
        session.add(user)
        session.flush()
        if account.role:
            grant = Grant(
                id=uuid4().hex,
                tenant_id=tenant_id,
                user_id=account.id,
                collection_id=None,
                role=account.role,
                created_at=created_at,
            )
            session.add(grant)
            bump(session, tenant_id)
        details = {"name": account.name, "role": account.role}
        self._audit.record(
            session,
            tenant_id,
            principal.user_id,
            "user.create",
            account.id,
            details=details,
            about=account.id,
        )


def principal_of(
    session: Session, user_id: str, scopes: frozenset[Verb] | None = None
) -> Principal:
    """Return who a user is now, with groups and grants as the rows say.

    Raises:
        Unauthenticated: the user is gone or deactivated.
    """
    user = select_rows(session, _ACTIVE, {"user_id": user_id}).one_or_none()
    if user is None:
        raise Unauthenticated
    note_epoch(session, user.tenant_id, user.permission_epoch)
    held = memberships_of(session, user.tenant_id, user_id)
    return Principal(
        user.tenant_id, user_id, user.name, held.own, scopes, held.groups, held.inherited
    )


_ACTIVE = (
    select(User.tenant_id, User.name, Tenant.permission_epoch)
    .join(Tenant, Tenant.id == User.tenant_id)
    .where(User.id == bindparam("user_id"), User.deactivated_at.is_(None))
)


def _account(user: User, role: str | None) -> Account:
    held = Role(role) if role else None
    return Account(user.id, user.name, held, user.created_at, user.password_hash is not None)


def user_of(session: Session, tenant_id: str, user_id: str) -> User:
    """Return a person of the tenant.

    Raises:
        NotFound: there is none.
    """
    user = session.get(User, user_id)
    if user is None or user.tenant_id != tenant_id or user.kind != PERSON:
        raise NotFound
    return user


def normal_name(name: str) -> str:
    """Return the one way in which a name is stored and looked up.

    Raises:
        NameRefused: empty, too long or not all visible.
    """
    name = unicodedata.normalize("NFKC", name)
    if not 0 < len(name) <= NAME_CHARACTERS_MAX or not name.isprintable() or name != name.strip():
        raise NameRefused
    return name


def require_administrator(principal: Principal) -> None:
    """Check that the caller may administer the tenant.

    Raises:
        Forbidden: they may not.
    """
    if not principal.may(Verb.ADMINISTER):
        raise Forbidden
