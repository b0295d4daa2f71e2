"""Sources that a collection is kept in step with."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import SecretStr

from api import source_schemas as schemas
from api.caller import CallerOf
from ingest.connectors.service import Change

router = APIRouter(prefix="/v1", tags=["sources"])


@router.get("/collections/{collection_id}/sources")
def list_sources(collection_id: str, caller: CallerOf) -> schemas.SourceList:
    """List a collection's sources with how they are."""
    with caller.reading() as visit:
        found = caller.state.sources.sources(visit.session, visit.principal, collection_id)
    return schemas.SourceList(items=[schemas.SourceView.model_validate(item) for item in found])


@router.post("/collections/{collection_id}/sources", status_code=201)
def create_source(
    collection_id: str, new: schemas.NewSource, caller: CallerOf
) -> schemas.SourceView:
    """Connect a source; it is read for the first time at once, with the rights of the caller."""
    with caller.writing() as visit:
        created = caller.state.sources.create(
            visit.session,
            visit.principal,
            collection_id,
            new.config,
            new.interval_seconds,
            secret=_revealed(new.secret),
        )
    return schemas.SourceView.model_validate(created)


@router.get("/sources/{source_id}")
def get_source(source_id: str, caller: CallerOf) -> schemas.SourceView:
    """Return a source with how it is."""
    with caller.reading() as visit:
        found = caller.state.sources.get(visit.session, visit.principal, source_id)
    return schemas.SourceView.model_validate(found)


@router.patch("/sources/{source_id}")
def change_source(
    source_id: str, change: schemas.SourceChange, caller: CallerOf
) -> schemas.SourceView:
    """Change or pause a source, which acts with the rights of the caller from now on."""
    wanted = Change(
        change.config, change.interval_seconds, change.is_paused, _revealed(change.secret)
    )
    with caller.writing() as visit:
        changed = caller.state.sources.change(visit.session, visit.principal, source_id, wanted)
    return schemas.SourceView.model_validate(changed)


@router.post("/sources/{source_id}/sync", status_code=202)
def sync_source(source_id: str, caller: CallerOf) -> schemas.SourceView:
    """Read a source as soon as a worker is free."""
    with caller.writing() as visit:
        started = caller.state.sources.sync_now(visit.session, visit.principal, source_id)
    return schemas.SourceView.model_validate(started)


@router.delete("/sources/{source_id}", status_code=204)
def delete_source(
    source_id: str,
    caller: CallerOf,
    documents: Annotated[bool, Query(description="Delete its documents as well.")] = False,  # noqa: FBT002 - a query's parameter
) -> None:
    """Disconnect a source; its documents stay unless told otherwise."""
    with caller.writing() as visit:
        caller.state.sources.delete(
            visit.session, visit.principal, source_id, with_documents=documents
        )
    if documents:
        caller.state.forget(caller.state.tenant_id)


def _revealed(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
