"""Permission lists over the wire."""

from typing import Literal

from pydantic import BaseModel, Field

from api.schema_base import Input, View


class Permissions(Input):
    """Who may see: `user:<id>`, `group:<id>`, `role:<role>`; `collection:<id>` in `allow` only.

    What is denied wins, and who is not allowed sees nothing.
    """

    allow: list[str] = Field(examples=[["collection:0123456789abcdef0123456789abcdef"]])
    deny: list[str] = Field(default=[])


class PermissionEntry(View):
    """An entry of a list; `name` is null for a role, a collection, or somebody who is gone."""

    principal: str
    name: str | None


class PermissionsView(View):
    """Both lists; `inherits`: whoever holds a role on the collection, and nobody is denied."""

    allow: list[PermissionEntry]
    deny: list[PermissionEntry]
    inherits: bool


class Found(View):
    """A person or group to choose."""

    kind: Literal["user", "group"]
    id: str
    name: str


class FoundList(BaseModel):
    """The first people and groups whose names hold what was asked for."""

    items: list[Found]
