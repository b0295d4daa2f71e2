"""Collections and who may do what in them."""

from fastapi import APIRouter

from api import schemas
from api.caller import CallerOf, Visit
from api.state import State
from security.principal import Verb

router = APIRouter(prefix="/v1/collections", tags=["collections"])


@router.get("")
def list_collections(caller: CallerOf) -> schemas.CollectionList:
    """List the collections that the caller may read."""
    with caller.reading() as visit:
        found = caller.state.collections.visible(visit.session, visit.principal)
    return schemas.CollectionList(items=[schemas.Collection.model_validate(item) for item in found])


@router.post("", status_code=201)
def create_collection(new: schemas.NewCollection, caller: CallerOf) -> schemas.Collection:
    """Create a collection; the creator becomes its owner."""
    with caller.writing() as visit:
        created = caller.state.collections.create(visit.session, visit.principal, new.name)
    return schemas.Collection.model_validate(created)


@router.delete("/{collection_id}", status_code=204)
def delete_collection(collection_id: str, caller: CallerOf) -> None:
    """Delete a collection with all its documents."""
    with caller.writing() as visit:
        caller.state.documents.delete_collection(visit.session, visit.principal, collection_id)
    caller.state.forget(caller.state.tenant_id)


@router.get("/{collection_id}/members")
def list_members(collection_id: str, caller: CallerOf) -> schemas.MemberList:
    """List who holds a role of their own in the collection."""
    with caller.reading() as visit:
        _require_share(caller.state, visit, collection_id)
        found = caller.state.grants.members(visit.session, visit.principal, collection_id)
        groups = caller.state.grants.groups(visit.session, visit.principal, collection_id)
    return schemas.MemberList(
        items=[schemas.Member.model_validate(item) for item in found],
        groups=[schemas.GroupRole.model_validate(item) for item in groups],
    )


@router.put("/{collection_id}/members/{user_id}", status_code=204)
def set_member(
    collection_id: str, user_id: str, change: schemas.RoleChange, caller: CallerOf
) -> None:
    """Give a person a role in the collection, or change it."""
    with caller.writing() as visit:
        _require_share(caller.state, visit, collection_id)
        caller.state.grants.set(visit.session, visit.principal, user_id, collection_id, change.role)


@router.delete("/{collection_id}/members/{user_id}", status_code=204)
def remove_member(collection_id: str, user_id: str, caller: CallerOf) -> None:
    """Take a person's role in the collection away; it counts from the next request on."""
    with caller.writing() as visit:
        _require_share(caller.state, visit, collection_id)
        caller.state.grants.remove(visit.session, visit.principal, user_id, collection_id)


@router.put("/{collection_id}/groups/{group_id}", status_code=204)
def set_group(
    collection_id: str, group_id: str, change: schemas.RoleChange, caller: CallerOf
) -> None:
    """Give a group's members a role in the collection, or change it."""
    with caller.writing() as visit:
        _require_share(caller.state, visit, collection_id)
        caller.state.grants.set_group(
            visit.session, visit.principal, group_id, collection_id, change.role
        )


@router.delete("/{collection_id}/groups/{group_id}", status_code=204)
def remove_group(collection_id: str, group_id: str, caller: CallerOf) -> None:
    """Take a group's role in the collection away; it counts from the next request on."""
    with caller.writing() as visit:
        _require_share(caller.state, visit, collection_id)
        caller.state.grants.remove_group(visit.session, visit.principal, group_id, collection_id)


def _require_share(state: State, visit: Visit, collection_id: str) -> None:
    state.collections.find(visit.session, visit.principal, collection_id, Verb.SHARE)
