"""Changes of groups as they are written: row, permission epoch and audit entry together."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from security.audit import AuditLog
from security.epochs import bump
from security.errors import GroupDenied, GroupNameTaken
from security.tables import Group, GroupMember

LOCAL: Final = "local"
"""The source of groups that administrators make here."""

IsDenied = Callable[[Session, str, str], bool]
"""Whether a permission list denies the group: session, tenant and group's id."""


def _nothing_denies(_session: Session, _tenant_id: str, _group_id: str) -> bool:
    return False


class GroupChanges:
    """Writes what its callers, administrators or an identity provider, have decided.

    Nothing here asks who may do it. `actor` is an id for the audit log.
    """

    def __init__(
        self,
        audit: AuditLog,
        clock: Callable[[], datetime],
        is_denied: IsDenied = _nothing_denies,
    ) -> None:
        self._audit = audit
        self._clock = clock
        self._is_denied = is_denied

    def create(
        self,
        session: Session,
        tenant_id: str,
        actor: str,
        name: str,
        *,
        source: str = LOCAL,
        external_id: str | None = None,
    ) -> Group:
        """Add a group without members.

        Raises:
            GroupNameTaken: the source has a group of this name.
        """
        _refuse_taken(session, tenant_id, source, name)
        group = Group(
            id=uuid4().hex,
            tenant_id=tenant_id,
            name=name,
            source=source,
            external_id=external_id,
            created_at=self._clock(),
        )
        session.add(group)
        session.flush()
        self._record(session, group, actor, "group.create", {"name": name, "source": source})
        return group

    def rename(self, session: Session, actor: str, group: Group, name: str) -> None:
        """Give a group another name; rights name its id and stay.

        Raises:
            GroupNameTaken: the source has another group of this name.
        """
        if group.name == name:
            return
        _refuse_taken(session, group.tenant_id, group.source, name)
        group.name = name
        self._record(session, group, actor, "group.rename", {"name": name})

    def delete(self, session: Session, actor: str, group: Group) -> None:
        """Delete a group with its members' places in it and its roles.

        Raises:
            GroupDenied: a permission list keeps the members out, who would be let in.
        """
        if self._is_denied(session, group.tenant_id, group.id):
            raise GroupDenied
        self._record(session, group, actor, "group.delete", {"name": group.name})
        session.execute(delete(Group).where(Group.id == group.id))

    def add(self, session: Session, actor: str, group: Group, user_id: str) -> None:
        """Put a user of the same tenant into the group, if they are not in it."""
        if session.get(GroupMember, (group.id, user_id)) is not None:
            return
        row = GroupMember(
            group_id=group.id,
            user_id=user_id,
            tenant_id=group.tenant_id,
            created_at=self._clock(),
        )
        session.add(row)
        session.flush()
        self._record(session, group, actor, "group.add_member", {"user": user_id})

    def remove(self, session: Session, actor: str, group: Group, user_id: str) -> bool:
        """Take a user out of the group; return whether they were in it."""
        row = session.get(GroupMember, (group.id, user_id))
        if row is None:
            return False
        session.delete(row)
        self._record(session, group, actor, "group.remove_member", {"user": user_id})
        return True

    def _record(
        self, session: Session, group: Group, actor: str, action: str, details: Mapping[str, str]
    ) -> None:
        bump(session, group.tenant_id)
        self._audit.record(session, group.tenant_id, actor, action, group.id, details=details)


def _refuse_taken(session: Session, tenant_id: str, source: str, name: str) -> None:
    taken = select(Group.id).filter_by(tenant_id=tenant_id, source=source, name=name)
    if session.scalar(taken):
        raise GroupNameTaken
