"""Groups over the wire."""

from datetime import datetime

from pydantic import BaseModel

from api.schema_base import Input, View
from security.principal import Role


class Group(View):
    """A group; `role` is the tenant-wide one of its members, `source` who names them."""

    id: str
    name: str
    source: str
    role: Role | None
    member_count: int
    created_at: datetime


class GroupList(BaseModel):
    """All groups of the tenant."""

    items: list[Group]


class GroupName(Input):
    """What a group is called."""

    name: str


class GroupPerson(View):
    """Somebody who is in a group."""

    user_id: str
    name: str


class GroupPeople(BaseModel):
    """Everybody who is in a group."""

    items: list[GroupPerson]
