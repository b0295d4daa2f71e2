"""Groups of people, for those who administer the tenant."""

from fastapi import APIRouter

from api import group_schemas, schemas
from api.caller import CallerOf

router = APIRouter(prefix="/v1/groups", tags=["groups"])


@router.get("")
def list_groups(caller: CallerOf) -> group_schemas.GroupList:
    """List all groups."""
    with caller.reading() as visit:
        found = caller.state.groups.groups(visit.session, visit.principal)
    return group_schemas.GroupList(
        items=[group_schemas.Group.model_validate(item) for item in found]
    )


@router.post("", status_code=201)
def create_group(new: group_schemas.GroupName, caller: CallerOf) -> group_schemas.Group:
    """Create a group without members or rights."""
    with caller.writing() as visit:
        created = caller.state.groups.create(visit.session, visit.principal, new.name)
    return group_schemas.Group.model_validate(created)


@router.put("/{group_id}", status_code=204)
def rename_group(group_id: str, change: group_schemas.GroupName, caller: CallerOf) -> None:
    """Rename a group; members and rights stay."""
    with caller.writing() as visit:
        caller.state.groups.rename(visit.session, visit.principal, group_id, change.name)


@router.delete("/{group_id}", status_code=204)
def delete_group(group_id: str, caller: CallerOf) -> None:
    """Delete a group with its roles; its members stay users."""
    with caller.writing() as visit:
        caller.state.groups.delete(visit.session, visit.principal, group_id)


@router.get("/{group_id}/members")
def list_group_members(group_id: str, caller: CallerOf) -> group_schemas.GroupPeople:
    """List who is in a group."""
    with caller.reading() as visit:
        found = caller.state.groups.members(visit.session, visit.principal, group_id)
    return group_schemas.GroupPeople(
        items=[group_schemas.GroupPerson.model_validate(item) for item in found]
    )


@router.put("/{group_id}/members/{user_id}", status_code=204)
def add_group_member(group_id: str, user_id: str, caller: CallerOf) -> None:
    """Put somebody into a group."""
    with caller.writing() as visit:
        caller.state.groups.add(visit.session, visit.principal, group_id, user_id)


@router.delete("/{group_id}/members/{user_id}", status_code=204)
def remove_group_member(group_id: str, user_id: str, caller: CallerOf) -> None:
    """Take somebody out of a group; it counts from the next request on."""
    with caller.writing() as visit:
        caller.state.groups.remove(visit.session, visit.principal, group_id, user_id)


@router.put("/{group_id}/role", status_code=204)
def set_group_role(group_id: str, change: schemas.RoleChange, caller: CallerOf) -> None:
    """Give a group's members a tenant-wide role, or change it."""
    with caller.writing() as visit:
        caller.state.grants.set_group(visit.session, visit.principal, group_id, None, change.role)


@router.delete("/{group_id}/role", status_code=204)
def remove_group_role(group_id: str, caller: CallerOf) -> None:
    """Take a group's tenant-wide role away; its roles in collections stay."""
    with caller.writing() as visit:
        caller.state.grants.remove_group(visit.session, visit.principal, group_id, None)
