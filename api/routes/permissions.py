"""Who may see a document or what is uploaded next, and whom one can choose."""

from typing import Annotated

from fastapi import APIRouter, Query

from api import permission_schemas as schemas
from api.caller import CallerOf
from ingest.permission_lists import Wanted

router = APIRouter(prefix="/v1", tags=["permissions"])


@router.get("/documents/{document_id}/permissions")
def get_permissions(document_id: str, caller: CallerOf) -> schemas.PermissionsView:
    """Return who may see a document, to those who may share it."""
    with caller.reading() as visit:
        view = caller.state.permissions.of_document(visit.session, visit.principal, document_id)
    return schemas.PermissionsView.model_validate(view)


@router.put("/documents/{document_id}/permissions")
def set_permissions(
    document_id: str, wanted: schemas.Permissions, caller: CallerOf
) -> schemas.PermissionsView:
    """Say who may see a document; it counts from the next request on."""
    lists = Wanted(wanted.allow, wanted.deny)
    with caller.writing() as visit:
        view = caller.state.permissions.set_document(
            visit.session, visit.principal, document_id, lists
        )
    return schemas.PermissionsView.model_validate(view)


@router.get("/collections/{collection_id}/permissions")
def get_default_permissions(collection_id: str, caller: CallerOf) -> schemas.PermissionsView:
    """Return who may see what is uploaded next into a collection."""
    with caller.reading() as visit:
        view = caller.state.permissions.of_collection(visit.session, visit.principal, collection_id)
    return schemas.PermissionsView.model_validate(view)


@router.put("/collections/{collection_id}/permissions")
def set_default_permissions(
    collection_id: str, wanted: schemas.Permissions, caller: CallerOf
) -> schemas.PermissionsView:
    """Say who may see what is uploaded next; documents that are there stay as they are."""
    lists = Wanted(wanted.allow, wanted.deny)
    with caller.writing() as visit:
        view = caller.state.permissions.set_collection(
            visit.session, visit.principal, collection_id, lists
        )
    return schemas.PermissionsView.model_validate(view)


@router.get("/directory")
def find_people(
    caller: CallerOf, query: Annotated[str, Query(min_length=1, max_length=200)]
) -> schemas.FoundList:
    """Find people and groups by a part of their name, to share something with them."""
    with caller.reading() as visit:
        found = caller.state.directory.find(visit.session, visit.principal, query)
    return schemas.FoundList(items=[schemas.Found.model_validate(item) for item in found])
