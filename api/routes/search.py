"""Search for passages."""

from fastapi import APIRouter

from api import schemas
from api.caller import CallerOf
from retrieval.corpus import Hit

router = APIRouter(prefix="/v1/search", tags=["search"])


@router.post("")
def search(query: schemas.Query, caller: CallerOf) -> schemas.Hits:
    """Find the passages that fit a question or words best."""
    with caller.reading() as visit:
        scope = visit.scope()
    if query.collections is not None:
        scope = scope.narrowed(frozenset(query.collections))
    hits = caller.state.retriever.search(scope, query.query, query.limit)
    return schemas.Hits(hits=[view_hit(hit) for hit in hits])


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
