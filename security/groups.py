"""Groups as the tenant's administrators manage them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from security.accounts import normal_name, user_of
from security.errors import Forbidden, ManagedElsewhere, NotFound
from security.grants import may_hand_out
from security.group_changes import LOCAL, GroupChanges
from security.principal import Principal, Role, Verb
from security.tables import Grant, Group, GroupMember, User


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """A group as administrators see it; `role` is the tenant-wide one of its members."""

    id: str
    name: str
    source: str
    role: Role | None
    member_count: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class GroupPerson:
    """Somebody who is in a group."""

    user_id: str
    name: str


class Groups:
    """Creates, lists, fills and deletes groups, each change with its audit entry.

    Members and names of groups that an identity provider names are changed there, not here.
    """

    def __init__(self, changes: GroupChanges) -> None:
        self._changes = changes

    def create(self, session: Session, principal: Principal, name: str) -> GroupInfo:
        """Add a group without members or rights.

        Raises:
            Forbidden: the caller may not administer.
            NameRefused, GroupNameTaken: choose another.
        """
        _require_administrator(principal)
        group = self._changes.create(
            session, principal.tenant_id, principal.user_id, normal_name(name)
        )
        return GroupInfo(group.id, group.name, group.source, None, 0, group.created_at)

    def groups(self, session: Session, principal: Principal) -> list[GroupInfo]:
        """Return all groups of the tenant by name.

        Raises:
            Forbidden: the caller may not administer.
        """
        _require_administrator(principal)
        tenant_wide = and_(Grant.group_id == Group.id, Grant.collection_id.is_(None))
        members = select(func.count()).where(GroupMember.group_id == Group.id).scalar_subquery()
        query = (
            select(Group, Grant.role, members)
            .outerjoin(Grant, tenant_wide)
            .where(Group.tenant_id == principal.tenant_id)
            .order_by(Group.name, Group.id)
        )
        return [_info(group, role, count) for group, role, count in session.execute(query)]

    def rename(self, session: Session, principal: Principal, group_id: str, name: str) -> None:
        """Give a group another name; its members and rights stay.

        Raises:
            Forbidden, NotFound, ManagedElsewhere, NameRefused, GroupNameTaken: see there.
        """
        group = _own_group(session, principal, group_id)
        self._changes.rename(session, principal.user_id, group, normal_name(name))

    def delete(self, session: Session, principal: Principal, group_id: str) -> None:
        """Delete a group with its roles; its members stay users.

        Raises:
            Forbidden: the caller may not administer.
            NotFound: no such group in the caller's tenant.
            GroupDenied: a permission list keeps its members out.
        """
        self._changes.delete(session, principal.user_id, _group(session, principal, group_id))

    def members(self, session: Session, principal: Principal, group_id: str) -> list[GroupPerson]:
        """Return who is in a group by name.

        Raises:
            Forbidden, NotFound: as for `delete`.
        """
        group = _group(session, principal, group_id)
        query = (
            select(User.id, User.name)
            .join(GroupMember, GroupMember.user_id == User.id)
            .where(GroupMember.group_id == group.id)
            .order_by(User.name)
        )
        return [GroupPerson(user_id, name) for user_id, name in session.execute(query)]

    def add(self, session: Session, principal: Principal, group_id: str, user_id: str) -> None:
        """Put a user into a group; nothing happens when they are in it.

        Raises:
            NotFound: no such group or user in the caller's tenant.
            Forbidden: the caller may not administer, or their token may not do all that the
                group gives.
            ManagedElsewhere: an identity provider says who is in it.
        """
        group = _own_group(session, principal, group_id)
        may_hand_out(principal, Role.READER, None)  # a permission list may name the group
        for place, role in _roles(session, group):
            may_hand_out(principal, role, place)
        user = user_of(session, principal.tenant_id, user_id)
        self._changes.add(session, principal.user_id, group, user.id)

    def remove(self, session: Session, principal: Principal, group_id: str, user_id: str) -> None:
        """Take a user out of a group; what it gave is gone with the next request.

        Raises:
            NotFound: no such group, or they are not in it.
            Forbidden, ManagedElsewhere: as for `add`.
        """
        group = _own_group(session, principal, group_id)
        if not self._changes.remove(session, principal.user_id, group, user_id):
            raise NotFound


def _group(session: Session, principal: Principal, group_id: str) -> Group:
    _require_administrator(principal)
    group = session.get(Group, group_id)
    if group is None or group.tenant_id != principal.tenant_id:
        raise NotFound
    return group


def _own_group(session: Session, principal: Principal, group_id: str) -> Group:
    group = _group(session, principal, group_id)
    if group.source != LOCAL:
        raise ManagedElsewhere
    return group


def _roles(session: Session, group: Group) -> list[tuple[str | None, Role]]:
    rows = session.execute(select(Grant.collection_id, Grant.role).filter_by(group_id=group.id))
    return [(place, Role(role)) for place, role in rows]


def _info(group: Group, role: str | None, count: int) -> GroupInfo:
    held = Role(role) if role else None
    return GroupInfo(group.id, group.name, group.source, held, count, group.created_at)


def _require_administrator(principal: Principal) -> None:
    if not principal.may(Verb.ADMINISTER):
        raise Forbidden
