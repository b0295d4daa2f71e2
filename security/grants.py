"""Who holds which role on which collection or on the whole tenant."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from security.audit import AuditLog
from security.epochs import bump
from security.errors import Conflict, Forbidden, LastOwner, NotFound
from security.grant_rows import Holder, held, write
from security.principal import Principal, Role, Verb
from security.tables import PERSON, Grant, Group, User


@dataclass(frozen=True, slots=True)
class Member:
    """A user who holds a role on a collection itself, not only through the tenant or a group."""

    user_id: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class GroupRole:
    """A group whose members hold a role on a collection."""

    group_id: str
    name: str
    role: Role


class Grants:
    """Gives and takes roles, each change with its audit entry.

    A `collection_id` of None means the whole tenant. The caller has checked that a collection
    exists; who may not read it is told that it does not.
    """

    def __init__(self, audit: AuditLog, clock: Callable[[], datetime]) -> None:
        self._audit = audit
        self._clock = clock

    def members(self, session: Session, principal: Principal, collection_id: str) -> list[Member]:
        """Return the members of a collection by name.

        Raises:
            NotFound: the caller may not see the collection.
            Forbidden: the caller may not share it.
        """
        _require_sharer(principal, collection_id)
        query = (
            select(User.id, User.name, Grant.role)
            .join(Grant, Grant.user_id == User.id)
            .where(Grant.tenant_id == principal.tenant_id, Grant.collection_id == collection_id)
            .order_by(User.name)
        )
        return [Member(user_id, name, Role(role)) for user_id, name, role in session.execute(query)]

    def groups(self, session: Session, principal: Principal, collection_id: str) -> list[GroupRole]:
        """Return the groups that hold a role on a collection by name.

        Raises:
            NotFound: the caller may not see the collection.
            Forbidden: the caller may not share it.
        """
        _require_sharer(principal, collection_id)
        query = (
            select(Group.id, Group.name, Grant.role)
            .join(Grant, Grant.group_id == Group.id)
            .where(Grant.tenant_id == principal.tenant_id, Grant.collection_id == collection_id)
            .order_by(Group.name, Group.id)
        )
        return [GroupRole(key, name, Role(role)) for key, name, role in session.execute(query)]

    def set(
        self,
        session: Session,
        principal: Principal,
        user_id: str,
        collection_id: str | None,
        role: Role,
    ) -> None:
        """Give a user the role in place of any that they hold there.

        Raises:
            NotFound: no such user, or the caller may not see the collection.
            Forbidden: the caller may not share, or holds less than `role`.
            LastOwner: nobody would be left to administer the tenant.
        """
        _require_sharer(principal, collection_id)
        may_hand_out(principal, role, collection_id)
        user = session.get(User, user_id)
        if user is None or user.tenant_id != principal.tenant_id:
            raise NotFound
        if collection_id is None and role is not Role.OWNER:
            keep_an_owner(session, principal.tenant_id, user_id)
        self._write(session, principal, Holder("user", user_id), collection_id, role)

    def set_group(
        self,
        session: Session,
        principal: Principal,
        group_id: str,
        collection_id: str | None,
        role: Role,
    ) -> None:
        """Give a group's members the role in place of any that the group holds there.

        Raises:
            NotFound: no such group, or the caller may not see the collection.
            Forbidden: the caller may not share, or holds less than `role`.
        """
        _require_sharer(principal, collection_id)
        may_hand_out(principal, role, collection_id)
        group = session.get(Group, group_id)
        if group is None or group.tenant_id != principal.tenant_id:
            raise NotFound
        self._write(session, principal, Holder("group", group_id), collection_id, role)

    def remove(
        self, session: Session, principal: Principal, user_id: str, collection_id: str | None
    ) -> None:
        """Take a user's role away.

        Raises:
            NotFound: they hold none there, or the caller may not see the collection.
            Forbidden: the caller may not share.
            LastOwner: nobody would be left to administer the tenant.
        """
        holder = Holder("user", user_id)
        grant = _removable(session, principal, holder, collection_id)
        if collection_id is None:
            keep_an_owner(session, principal.tenant_id, user_id)
        self._delete(session, principal, grant, holder)

    def remove_group(
        self, session: Session, principal: Principal, group_id: str, collection_id: str | None
    ) -> None:
        """Take a group's role away.

        Raises:
            NotFound: it holds none there, or the caller may not see the collection.
            Forbidden: the caller may not share.
        """
        holder = Holder("group", group_id)
        grant = _removable(session, principal, holder, collection_id)
        self._delete(session, principal, grant, holder)

    def claim(self, session: Session, principal: Principal, collection_id: str) -> None:
        """Make the caller the owner of a collection that they just created.

        Part of the creation, whose audit entry covers it.

        Raises:
            Conflict: somebody already holds a role on it.
        """
        if session.scalar(select(Grant.id).where(Grant.collection_id == collection_id).limit(1)):
            raise Conflict
        holder = Holder("user", principal.user_id)
        write(session, principal.tenant_id, holder, collection_id, Role.OWNER, self._clock)
        bump(session, principal.tenant_id)

    def forget(self, session: Session, tenant_id: str, collection_id: str) -> None:
        """Take away all roles on a collection that is being deleted; part of the deletion."""
        session.execute(
            delete(Grant).where(Grant.tenant_id == tenant_id, Grant.collection_id == collection_id)
        )
        bump(session, tenant_id)

    def _write(
        self,
        session: Session,
        principal: Principal,
        holder: Holder,
        collection_id: str | None,
        role: Role,
    ) -> None:
        write(session, principal.tenant_id, holder, collection_id, role, self._clock)
        self._record(
            session, principal, "grant.set", holder, {"collection": collection_id, "role": role}
        )

    def _delete(self, session: Session, principal: Principal, grant: Grant, holder: Holder) -> None:
        details = {"collection": grant.collection_id, "role": None}
        session.delete(grant)
        self._record(session, principal, "grant.remove", holder, details)

    def _record(
        self,
        session: Session,
        principal: Principal,
        action: str,
        holder: Holder,
        details: Mapping[str, str | None],
    ) -> None:
        bump(session, principal.tenant_id)
        if holder.kind == "group":
            details = {**details, "holder": "group"}
        self._audit.record(
            session, principal.tenant_id, principal.user_id, action, holder.id, details=details
        )


def may_hand_out(principal: Principal, role: Role, collection_id: str | None) -> None:
    """Check that nobody, a scoped token least of all, gives away more than they hold.

    Raises:
        Forbidden: the role allows what the caller may not do.
    """
    if not role.verbs <= principal.verbs(collection_id):
        raise Forbidden


def keep_an_owner(session: Session, tenant_id: str, without_user: str) -> None:
    """Check that someone else can administer the tenant, and hold that until the commit.

    Only a user's own grant counts: a group's may end with a change at the identity provider.

    Raises:
        LastOwner: `without_user` is the only owner who is a person and can sign in.
    """
    owners = (
        select(Grant.user_id)
        .join(User, User.id == Grant.user_id)
        .where(
            Grant.tenant_id == tenant_id,
            Grant.collection_id.is_(None),
            Grant.role == Role.OWNER,
            User.kind == PERSON,
            User.deactivated_at.is_(None),
        )
        .order_by(Grant.id)
        # Two owners who demote each other at once must not both succeed.
        .with_for_update(of=Grant)
    )
    if set(session.scalars(owners)) == {without_user}:
        raise LastOwner


def _removable(
    session: Session, principal: Principal, holder: Holder, collection_id: str | None
) -> Grant:
    _require_sharer(principal, collection_id)
    grant = held(session, principal.tenant_id, holder, collection_id)
    if grant is None:
        raise NotFound
    return grant


def _require_sharer(principal: Principal, collection_id: str | None) -> None:
    needed = Verb.ADMINISTER if collection_id is None else Verb.SHARE
    if principal.may(needed, collection_id):
        return
    if collection_id is not None and not principal.may(Verb.READ, collection_id):
        raise NotFound
    raise Forbidden
