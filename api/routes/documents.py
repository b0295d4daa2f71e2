"""Documents: upload, list, follow, read, retry, delete."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api import filter_schemas, queue_schemas, schemas
from api.accesses import record_access
from api.caller import Caller, CallerOf
from api.ranges import content_response
from api.uploads import ReceivedFile, receive_upload
from ingest import detect
from ingest.listing import Kept, shared_singly
from ingest.permission_lists import Wanted
from ingest.views import Upload
from retrieval.versions import document_versions
from security.principal import Principal, Verb

router = APIRouter(prefix="/v1/documents", tags=["documents"])

_UPLOAD_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "collection"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "collection": {
                            "type": "string",
                            "description": "A collection's id or exact name.",
                        },
                        "permissions": {
                            "type": "string",
                            "description": "JSON as for `PUT …/permissions`: who may see it.",
                        },
                    },
                }
            }
        },
    }
}


@router.post(
    "",
    status_code=202,
    openapi_extra=_UPLOAD_FORM,
    responses={
        200: {"description": "The same bytes are there already.", "model": schemas.Document}
    },
)
async def upload(request: Request, response: Response, caller: CallerOf) -> schemas.Document:
    """Store a file and queue it; processing goes on after the answer."""
    await run_in_threadpool(_require_scope, caller)
    async with _upload_slot(request):
        file = await receive_upload(request, caller.state.settings.upload.upload_bytes_max)
        stored = await run_in_threadpool(_store, caller, file)
    response.status_code = 200 if stored.duplicate else 202
    view = schemas.Document.model_validate(stored.document)
    return view.model_copy(update={"duplicate": stored.duplicate})


@router.get("")
def list_documents(
    caller: CallerOf, wanted: Annotated[queue_schemas.Listing, Query()]
) -> schemas.DocumentList:
    """List documents, newest first; `shared`: those seen without a role on their collection."""
    kept = Kept(frozenset(wanted.status or ()), wanted.error)
    with caller.reading() as visit:
        scope = visit.scope()
        if wanted.shared:
            scope = shared_singly(visit.session, visit.principal, scope)
        if wanted.collection is not None:
            place = wanted.collection
            found = caller.state.collections.find(visit.session, visit.principal, place)
            scope = scope.narrowed(frozenset({found.id}))
        documents = caller.state.documents
        page = documents.page(visit.session, scope, wanted.cursor, wanted.limit, kept)
    return schemas.DocumentList.model_validate(page)


@router.get("/{document_id}")
def get_document(document_id: str, caller: CallerOf) -> schemas.Document:
    """Return a document with its stage and progress."""
    with caller.reading() as visit:
        view = caller.state.documents.get(visit.session, visit.scope(), document_id)
    return schemas.Document.model_validate(view)


@router.get("/{document_id}/text")
def get_text(document_id: str, caller: CallerOf) -> schemas.DocumentText:
    """Return the text as it was read, in blocks."""
    with caller.reading() as visit:
        text = caller.state.documents.text(visit.session, visit.scope(), document_id)
        version = document_versions(visit.session, visit.principal.tenant_id, [document_id])
        principal = visit.principal
    _record(caller, principal, "document.open", document_id, version)
    return schemas.DocumentText(
        document_id=text.document.id,
        name=text.document.name,
        media_type=text.document.media_type,
        page_count=text.document.page_count,
        blocks=[schemas.TextBlock.model_validate(block) for block in text.blocks],
    )


@router.get("/{document_id}/content", response_class=StreamingResponse)
def get_content(document_id: str, request: Request, caller: CallerOf) -> Response:
    """Return the uploaded bytes, or the part that a `Range` header asks for."""
    with caller.reading() as visit:
        view, content = caller.state.documents.content(visit.session, visit.scope(), document_id)
        version = document_versions(visit.session, visit.principal.tenant_id, [document_id])
        principal = visit.principal
    try:
        _record(caller, principal, "document.download", document_id, version)
    except BaseException:
        content.close()
        raise
    return content_response(content, view.name, view.media_type, request.headers.get("range"))


@router.get("/{document_id}/view", response_class=StreamingResponse)
def get_view(document_id: str, request: Request, caller: CallerOf) -> Response:
    """Return an office document as PDF, where the server could make one."""
    with caller.reading() as visit:
        view, content = caller.state.documents.view(visit.session, visit.scope(), document_id)
        version = document_versions(visit.session, visit.principal.tenant_id, [document_id])
        principal = visit.principal
    try:
        _record(caller, principal, "document.open", document_id, version)
    except BaseException:
        content.close()
        raise
    name = f"{view.name}.pdf"
    return content_response(content, name, detect.PDF, request.headers.get("range"))


@router.put("/{document_id}/tags")
def set_tags(document_id: str, wanted: filter_schemas.Tags, caller: CallerOf) -> schemas.Document:
    """Give a document these tags, in place of those it has."""
    state = caller.state
    with caller.writing() as visit:
        state.tagging.set(visit.session, visit.principal, document_id, wanted.tags)
        view = state.documents.get(visit.session, visit.scope(), document_id)
    return schemas.Document.model_validate(view)


@router.post("/{document_id}/retry", status_code=202)
def retry(document_id: str, caller: CallerOf) -> schemas.Document:
    """Process a failed document once more."""
    state = caller.state
    with caller.writing() as visit:
        state.attempts.retry(visit.session, visit.principal, document_id)
        view = state.documents.get(visit.session, visit.scope(), document_id)
    return schemas.Document.model_validate(view)


@router.post("/{document_id}/cancel")
def cancel(document_id: str, caller: CallerOf) -> schemas.Document:
    """Take a waiting document out of the queue, or end the work on it."""
    state = caller.state
    with caller.writing() as visit:
        state.attempts.cancel(visit.session, visit.principal, document_id)
        view = state.documents.get(visit.session, visit.scope(), document_id)
    return schemas.Document.model_validate(view)


@router.delete("/{document_id}", status_code=204)
def delete(document_id: str, caller: CallerOf) -> None:
    """Delete a document with all that was made of it."""
    with caller.writing() as visit:
        caller.state.documents.delete(visit.session, visit.principal, document_id)
    caller.state.forget(caller.state.tenant_id)


def _record(
    caller: Caller, principal: Principal, action: str, document_id: str, version: Sequence[object]
) -> None:
    details = {"documents": version}
    record_access(caller, principal, action, document_id, details, same=str(version))


def _require_scope(caller: Caller) -> None:
    # Before the body is read: a stranger's megabytes are not worth receiving.
    with caller.reading() as visit:
        visit.require_scope(Verb.UPLOAD)


def _store(caller: Caller, file: ReceivedFile) -> Upload:
    lists = file.permissions
    wanted = None if lists is None else Wanted(lists.allow, lists.deny)
    with file.content, caller.writing() as visit:
        return caller.state.documents.upload(
            visit.session, visit.principal, file.collection, file.name, file.content, wanted
        )


def _upload_slot(request: Request) -> asyncio.Semaphore:
    slots = request.app.state.upload_slots
    assert isinstance(slots, asyncio.Semaphore)  # noqa: S101 - made by the lifespan
    return slots
