"""Search for passages."""

from collections.abc import Sequence

from fastapi import APIRouter

from api import schemas
from api.accesses import record_access
from api.caller import Caller, CallerOf
from retrieval.corpus import Hit
from retrieval.versions import document_versions
from security.principal import Principal

router = APIRouter(prefix="/v1/search", tags=["search"])


@router.post("")
def search(query: schemas.Query, caller: CallerOf) -> schemas.Hits:
    """Find the passages that fit a question or words best."""
    with caller.reading() as visit:
        scope, principal = visit.scope(), visit.principal
    if query.collections is not None:
        scope = scope.narrowed(frozenset(query.collections))
    hits = caller.state.retriever.search(scope, query.query, query.limit)
    _record(caller, principal, query.query, hits)
    return schemas.Hits(hits=[view_hit(hit) for hit in hits])


def _record(caller: Caller, principal: Principal, query: str, hits: Sequence[Hit]) -> None:
    with caller.state.database.reading(principal.tenant_id) as session:
        found = document_versions(session, principal.tenant_id, [hit.document_id for hit in hits])
    details = {"query": query, "documents": found}
    record_access(caller, principal, "document.search", None, details)


def view_hit(hit: Hit) -> schemas.Hit:
    """Show a hit."""
    chunk = hit.chunk
    return schemas.Hit(
        document_id=hit.document_id,
        document_name=hit.document_name,
        chunk_id=hit.chunk_id,
        text=chunk.text,
        page=chunk.page,
        boxes=[schemas.Box.model_validate(box) for box in chunk.boxes],
        heading_path=list(chunk.heading_path),
        rank=hit.rank,
        start=chunk.start,
        end=chunk.end,
    )
