"""Groups as a directory provisions them, with those of its users who are in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from security.accounts import normal_name
from security.audit import AuditLog
from security.errors import GroupNameTaken, NameRefused, NotFound
from security.group_changes import GroupChanges
from security.provided_groups import ProvidedGroups
from security.scim.attributes import text_of
from security.scim.errors import InvalidFilter, InvalidValue, NotUnique
from security.scim.filters import Comparison, parsed_filter
from security.scim.patch import lowered, patched
from security.scim.tables import ScimUser
from security.scim.tokens import Directory
from security.scim.users import Page
from security.tables import Group, GroupMember, User

SOURCE: Final = "scim"
"""The source of all groups that come this way."""
MEMBERS_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """A provisioned group; `members` maps user ids to names."""

    id: str
    name: str
    external_id: str | None
    members: Mapping[str, str]
    created_at: datetime

    @property
    def resource(self) -> dict[str, Any]:
        """The attributes in SCIM's shape."""
        members = [{"value": key, "display": name} for key, name in self.members.items()]
        said = {"displayName": self.name, "members": members}
        return said if self.external_id is None else {**said, "externalId": self.external_id}


class ScimGroups:
    """Creates, finds, changes and removes groups, each change with its audit entry."""

    def __init__(self, changes: GroupChanges, audit: AuditLog) -> None:
        self._changes = changes
        self._provided = ProvidedGroups(changes)
        self._audit = audit

    def create(
        self, session: Session, directory: Directory, resource: Mapping[str, Any]
    ) -> GroupRecord:
        """Add a group; it gives no right until somebody grants it one.

        Raises:
            InvalidValue: an attribute cannot be taken, or a member is not known.
            NotUnique: the directory has a group of this name or externalId.
        """
        read = lowered(resource)
        name, external_id = _name(read), text_of(read, "externalId")
        _refuse_taken(session, directory, external_id)
        try:
            group = self._changes.create(
                session,
                directory.tenant_id,
                directory.actor,
                name,
                source=SOURCE,
                external_id=external_id,
            )
        except GroupNameTaken as error:
            raise NotUnique from error
        self._set_members(session, directory, group, read)
        return _read(session, group)

    def get(self, session: Session, directory: Directory, group_id: str) -> GroupRecord:
        """Return a group.

        Raises:
            NotFound: no directory brought a group of this id.
        """
        return _read(session, _found(session, directory, group_id))

    def page(
        self, session: Session, directory: Directory, text: str | None, start: int, count: int
    ) -> Page:
        """Return the groups that a filter finds, by id.

        Raises:
            InvalidFilter: it cannot be read, or names an attribute that is not searched by.
        """
        query = select(Group).where(Group.tenant_id == directory.tenant_id, Group.source == SOURCE)
        for condition in parsed_filter(text) if text else ():
            query = query.where(_rule(condition))
        total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
        rows = session.scalars(query.order_by(Group.id).offset(start - 1).limit(count))
        return Page([_read(session, group) for group in rows], total, start)

    def replace(
        self, session: Session, directory: Directory, group_id: str, resource: Mapping[str, Any]
    ) -> GroupRecord:
        """Put a group's name and members in place of those it has.

        Raises:
            NotFound, InvalidValue, NotUnique: as above.
        """
        group, read = _found(session, directory, group_id), lowered(resource)
        try:
            self._changes.rename(session, directory.actor, group, _name(read))
        except GroupNameTaken as error:
            raise NotUnique from error
        self._set_external_id(session, directory, group, text_of(read, "externalId"))
        self._set_members(session, directory, group, read)
        return _read(session, group)

    def patch(
        self, session: Session, directory: Directory, group_id: str, operations: object
    ) -> GroupRecord:
        """Change a group's name or members in part.

        Raises:
            ScimRefused: the operations cannot be applied.
            NotFound: as above.
        """
        present = self.get(session, directory, group_id).resource
        return self.replace(session, directory, group_id, patched(present, operations))

    def delete(self, session: Session, directory: Directory, group_id: str) -> None:
        """Delete a group with its rights; its members stay users.

        Raises:
            NotFound: as above.
        """
        self._changes.delete(session, directory.actor, _found(session, directory, group_id))

    def _set_external_id(
        self, session: Session, directory: Directory, group: Group, external_id: str | None
    ) -> None:
        if group.external_id == external_id:
            return
        _refuse_taken(session, directory, external_id)
        group.external_id = external_id
        details = {"external_id": external_id}
        self._audit.record(
            session, group.tenant_id, directory.actor, "group.link", group.id, details=details
        )

    def _set_members(
        self, session: Session, directory: Directory, group: Group, read: Mapping[str, Any]
    ) -> None:
        wanted = _member_ids(read.get("members"))
        known = select(ScimUser.user_id).where(ScimUser.tenant_id == directory.tenant_id)
        if wanted - set(session.scalars(known)):
            raise InvalidValue
        self._provided.set_members(session, directory.actor, group, wanted)


def _found(session: Session, directory: Directory, group_id: str) -> Group:
    group = session.get(Group, group_id)
    if group is None or group.tenant_id != directory.tenant_id or group.source != SOURCE:
        raise NotFound
    return group


def _read(session: Session, group: Group) -> GroupRecord:
    query = (
        select(User.id, User.name)
        .join(GroupMember, GroupMember.user_id == User.id)
        .where(GroupMember.group_id == group.id)
        .order_by(User.id)
    )
    members = {user_id: name for user_id, name in session.execute(query)}  # noqa: C416 - rows
    return GroupRecord(group.id, group.name, group.external_id, members, group.created_at)


def _rule(condition: Comparison) -> ColumnElement[bool]:
    if condition.operator != "eq" or not isinstance(condition.value, str):
        raise InvalidFilter
    if condition.attribute == "displayname":
        return func.lower(Group.name) == condition.value.lower()
    if condition.attribute == "externalid":
        return Group.external_id == condition.value
    if condition.attribute == "id":
        return Group.id == condition.value
    if condition.attribute in {"members", "members.value"}:
        joined = select(GroupMember.group_id).where(GroupMember.user_id == condition.value)
        return Group.id.in_(joined)
    raise InvalidFilter


def _name(read: Mapping[str, Any]) -> str:
    try:
        return normal_name(text_of(read, "displayName") or "")
    except NameRefused as error:
        raise InvalidValue from error


def _member_ids(value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    if not isinstance(value, list) or len(value) > MEMBERS_MAX:
        raise InvalidValue
    ids = [one.get("value") for one in value if isinstance(one, dict)]
    if len(ids) < len(value) or not all(isinstance(one, str) for one in ids):
        raise InvalidValue
    return frozenset(map(str, ids))


def _refuse_taken(session: Session, directory: Directory, external_id: str | None) -> None:
    if external_id is None:
        return
    taken = select(Group.id).filter_by(
        tenant_id=directory.tenant_id, source=SOURCE, external_id=external_id
    )
    if session.scalar(taken):
        raise NotUnique
