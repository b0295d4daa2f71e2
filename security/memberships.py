"""What a user has through the rows: the groups they are in, their own roles and their groups'."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from security.principal import Role
from security.tables import Grant, GroupMember


def groups_of(session: Session, tenant_id: str, user_id: str) -> frozenset[str]:
    """Return the ids of the groups that a user is in."""
    query = select(GroupMember.group_id).where(
        GroupMember.user_id == user_id, GroupMember.tenant_id == tenant_id
    )
    return frozenset(session.scalars(query))


def roles_of(
    session: Session, tenant_id: str, user_id: str
) -> tuple[dict[str | None, Role], Mapping[str | None, frozenset[Role]]]:
    """Return, by collection or None for the tenant, a user's own role and those of their groups."""
    in_groups = select(GroupMember.group_id).where(GroupMember.user_id == user_id)
    query = select(Grant.collection_id, Grant.role, Grant.user_id).where(
        Grant.tenant_id == tenant_id,
        or_(Grant.user_id == user_id, Grant.group_id.in_(in_groups)),
    )
    own: dict[str | None, Role] = {}
    inherited: defaultdict[str | None, frozenset[Role]] = defaultdict(frozenset)
    for place, role, holder in session.execute(query):
        if holder is not None:
            own[place] = Role(role)
        else:
            inherited[place] |= {Role(role)}
    return own, dict(inherited)
