"""What a user has through the rows: the groups they are in, their own roles and their groups'."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, String, bindparam, cast, null, or_, select, union_all
from sqlalchemy.orm import Session

from security.principal import Role
from security.tables import Grant, GroupMember
from storage.database import ID
from storage.selects import select_rows


@dataclass(frozen=True, slots=True)
class Memberships:
    """The ids of a user's groups; the user's own role and those of the groups, by place.

    A place is a collection's id, or None for the whole tenant.
    """

    groups: frozenset[str]
    own: Mapping[str | None, Role]
    inherited: Mapping[str | None, frozenset[Role]]


def memberships_of(session: Session, tenant_id: str, user_id: str) -> Memberships:
    """Read all that a user has, in one statement: every request does."""
    groups = set[str]()
    own: dict[str | None, Role] = {}
    inherited: defaultdict[str | None, frozenset[Role]] = defaultdict(frozenset)
    wanted = {"tenant_id": tenant_id, "user_id": user_id}
    for group, place, role, holder in select_rows(session, _HELD, wanted).all():
        if group is not None:
            groups.add(group)
        elif holder is not None:
            own[place] = Role(role)
        else:
            inherited[place] |= {Role(role)}
    return Memberships(frozenset(groups), own, dict(inherited))


_NONE = cast(null(), String)
_TENANT, _USER = bindparam("tenant_id", type_=ID), bindparam("user_id", type_=ID)
_IN_GROUPS = select(GroupMember.group_id).where(GroupMember.user_id == _USER)
_HELD: CompoundSelect[Any] = union_all(
    select(
        GroupMember.group_id, _NONE.label("place"), _NONE.label("role"), _NONE.label("holder")
    ).where(GroupMember.user_id == _USER, GroupMember.tenant_id == _TENANT),
    select(_NONE, Grant.collection_id, Grant.role, Grant.user_id).where(
        Grant.tenant_id == _TENANT,
        or_(Grant.user_id == _USER, Grant.group_id.in_(_IN_GROUPS)),
    ),
)
