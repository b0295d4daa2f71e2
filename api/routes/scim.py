"""SCIM 2.0 (RFC 7644): the company's directory brings, changes and removes users and groups."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.scim import MessageOf, Provisioner, ProvisionerOf, listed, shown, without
from api.scim_errors import MEDIA_TYPE, PREFIX, ScimError, ScimResponse
from security.errors import NotFound
from security.scim.groups import GroupRecord
from security.scim.schemas import (
    GROUP,
    RESOURCE_TYPES,
    SCHEMAS,
    USER,
    service_provider_config,
)
from security.scim.users import UserRecord

_ERROR: dict[str, Any] = {
    "description": "An error (RFC 7644, section 3.12).",
    "content": {MEDIA_TYPE: {"schema": ScimError.model_json_schema()}},
}
router = APIRouter(
    prefix=PREFIX,
    tags=["scim"],
    default_response_class=ScimResponse,
    responses={"4XX": _ERROR, "5XX": _ERROR},
)
_BODY = {
    "requestBody": {
        "required": True,
        "content": {MEDIA_TYPE: {"schema": {"type": "object"}}},
    }
}
Filter = Annotated[str | None, Query(description="Comparisons with `eq`, joined by `and`.")]
StartIndex = Annotated[int, Query(alias="startIndex", description="From 1.")]
Count = Annotated[int | None, Query(description="Items of a page.")]
Excluded = Annotated[str | None, Query(alias="excludedAttributes")]


@router.get("/ServiceProviderConfig")
def get_service_provider_config(provisioner: ProvisionerOf) -> ScimResponse:
    """Tell what is supported."""
    with provisioner.reading():
        items_max = provisioner.state.settings.security.scim.page_items_max
    return ScimResponse(service_provider_config(items_max))


@router.get("/ResourceTypes")
def list_resource_types(provisioner: ProvisionerOf) -> ScimResponse:
    """Tell which kinds of resources there are."""
    with provisioner.reading():
        return listed([*RESOURCE_TYPES.values()], len(RESOURCE_TYPES), 1)


@router.get("/ResourceTypes/{name}")
def get_resource_type(name: str, provisioner: ProvisionerOf) -> ScimResponse:
    """Describe one kind of resource."""
    with provisioner.reading():
        return _one_of(RESOURCE_TYPES, name)


@router.get("/Schemas")
def list_schemas(provisioner: ProvisionerOf) -> ScimResponse:
    """Describe the attributes of users and groups."""
    with provisioner.reading():
        return listed([*SCHEMAS.values()], len(SCHEMAS), 1)


@router.get("/Schemas/{name}")
def get_schema(name: str, provisioner: ProvisionerOf) -> ScimResponse:
    """Describe the attributes of one kind of resource."""
    with provisioner.reading():
        return _one_of(SCHEMAS, name)


@router.get("/Users")
def list_users(
    provisioner: ProvisionerOf,
    filter: Filter = None,  # noqa: A002 - RFC 7644's name
    start: StartIndex = 1,
    count: Count = None,
    excluded: Excluded = None,
) -> ScimResponse:
    """List the users that the directory brought, by id."""
    first, most = max(1, start), _page_items(provisioner, count)
    with provisioner.reading() as (session, directory):
        users = provisioner.state.scim_users
        page = users.page(session, directory, filter, first, most)
    items = [without(_user(provisioner, item), excluded) for item in page.items]
    return listed(items, page.total, page.start)


@router.post("/Users", status_code=201, openapi_extra=_BODY)
def create_user(message: MessageOf, provisioner: ProvisionerOf) -> ScimResponse:
    """Bring a user."""
    with provisioner.writing() as (session, directory):
        user = provisioner.state.scim_users.create(session, directory, message)
    return _created(_user(provisioner, user))


@router.get("/Users/{user_id}")
def get_user(user_id: str, provisioner: ProvisionerOf) -> ScimResponse:
    """Return a user."""
    with provisioner.reading() as (session, directory):
        user = provisioner.state.scim_users.get(session, directory, user_id)
    return ScimResponse(_user(provisioner, user))


@router.put("/Users/{user_id}", openapi_extra=_BODY)
def replace_user(user_id: str, message: MessageOf, provisioner: ProvisionerOf) -> ScimResponse:
    """Put a user's attributes in place of those it has; inactive users are out at once."""
    with provisioner.writing() as (session, directory):
        user = provisioner.state.scim_users.replace(session, directory, user_id, message)
    return ScimResponse(_user(provisioner, user))


@router.patch("/Users/{user_id}", openapi_extra=_BODY)
def patch_user(user_id: str, message: MessageOf, provisioner: ProvisionerOf) -> ScimResponse:
    """Change some of a user's attributes; inactive users are out at once."""
    with provisioner.writing() as (session, directory):
        users = provisioner.state.scim_users
        user = users.patch(session, directory, user_id, _operations(message))
    return ScimResponse(_user(provisioner, user))


@router.delete("/Users/{user_id}", status_code=204, response_class=Response)
def delete_user(user_id: str, provisioner: ProvisionerOf) -> None:
    """Delete a user with their conversations, sessions and tokens; uploads stay."""
    state = provisioner.state
    with provisioner.writing() as (session, directory):
        state.scim_users.get(session, directory, user_id)
        # First, while the rows still name the keys; a refusal below takes all of it back.
        state.conversations.delete_all_of(session, directory.tenant_id, user_id)
        state.scim_users.delete(session, directory, user_id)
    state.forget(directory.tenant_id)


@router.get("/Groups")
def list_groups(
    provisioner: ProvisionerOf,
    filter: Filter = None,  # noqa: A002 - RFC 7644's name
    start: StartIndex = 1,
    count: Count = None,
    excluded: Excluded = None,
) -> ScimResponse:
    """List the groups that the directory brought, by id."""
    first, most = max(1, start), _page_items(provisioner, count)
    with provisioner.reading() as (session, directory):
        groups = provisioner.state.scim_groups
        page = groups.page(session, directory, filter, first, most)
    items = [without(_group(provisioner, item), excluded) for item in page.items]
    return listed(items, page.total, page.start)


@router.post("/Groups", status_code=201, openapi_extra=_BODY)
def create_group(message: MessageOf, provisioner: ProvisionerOf) -> ScimResponse:
    """Bring a group; it gives no right until an administrator grants it one."""
    with provisioner.writing() as (session, directory):
        group = provisioner.state.scim_groups.create(session, directory, message)
    return _created(_group(provisioner, group))


@router.get("/Groups/{group_id}")
def get_group(group_id: str, provisioner: ProvisionerOf, excluded: Excluded = None) -> ScimResponse:
    """Return a group with its members."""
    with provisioner.reading() as (session, directory):
        group = provisioner.state.scim_groups.get(session, directory, group_id)
    return ScimResponse(without(_group(provisioner, group), excluded))


@router.put("/Groups/{group_id}", openapi_extra=_BODY)
def replace_group(group_id: str, message: MessageOf, provisioner: ProvisionerOf) -> ScimResponse:
    """Put a group's name and members in place of those it has."""
    with provisioner.writing() as (session, directory):
        group = provisioner.state.scim_groups.replace(session, directory, group_id, message)
    return ScimResponse(_group(provisioner, group))


@router.patch("/Groups/{group_id}", openapi_extra=_BODY)
def patch_group(group_id: str, message: MessageOf, provisioner: ProvisionerOf) -> ScimResponse:
    """Change a group's name or members in part."""
    with provisioner.writing() as (session, directory):
        groups = provisioner.state.scim_groups
        group = groups.patch(session, directory, group_id, _operations(message))
    return ScimResponse(_group(provisioner, group))


@router.delete("/Groups/{group_id}", status_code=204, response_class=Response)
def delete_group(group_id: str, provisioner: ProvisionerOf) -> None:
    """Delete a group with its rights; its members stay users."""
    with provisioner.writing() as (session, directory):
        provisioner.state.scim_groups.delete(session, directory, group_id)


def _user(provisioner: Provisioner, user: UserRecord) -> dict[str, Any]:
    at = f"{provisioner.base}/Users/{user.id}"
    return shown(user.person.resource, (USER, "User"), at, user.created_at, user.updated_at)


def _group(provisioner: Provisioner, group: GroupRecord) -> dict[str, Any]:
    at = f"{provisioner.base}/Groups/{group.id}"
    return shown(group.resource, (GROUP, "Group"), at, group.created_at, group.created_at)


def _created(resource: dict[str, Any]) -> ScimResponse:
    return ScimResponse(resource, 201, {"Location": resource["meta"]["location"]})


def _operations(message: dict[str, Any]) -> object:
    read = {name.lower(): value for name, value in message.items()}
    return read.get("operations")


def _page_items(provisioner: Provisioner, count: int | None) -> int:
    most = provisioner.state.settings.security.scim.page_items_max
    return most if count is None else max(0, min(count, most))


def _one_of(described: Any, name: str) -> ScimResponse:
    if name not in described:
        raise NotFound
    return ScimResponse(described[name])
