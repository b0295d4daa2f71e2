"""Search for passages, and count the documents that a search can be narrowed to."""

from collections.abc import Sequence

from fastapi import APIRouter

from api import filter_schemas, schemas, search_schemas
from api.accesses import record_access
from api.caller import Caller, CallerOf
from api.filters import opened_filters
from retrieval import facets
from retrieval.changes import last_of_tenant
from retrieval.corpus import Hit
from retrieval.versions import versions_of
from security.principal import Principal

router = APIRouter(prefix="/v1/search", tags=["search"])


@router.post("")
def search(query: search_schemas.Query, caller: CallerOf) -> search_schemas.Hits:
    """Find the passages that fit a question or words best."""
    with caller.state.search_core.shared():
        return _found(query, caller)


def _found(query: search_schemas.Query, caller: Caller) -> search_schemas.Hits:
    keyring = caller.state.keyring
    with caller.reading() as visit:
        scope, principal = visit.scope(), visit.principal
        filters = opened_filters(visit.session, keyring, principal.tenant_id, query.filters)
        latest = last_of_tenant(visit.session, principal.tenant_id)
    if query.collections is not None:
        scope = scope.narrowed(frozenset(query.collections))
    hits = caller.state.retriever.search(
        scope.filtered(filters),
        query.query,
        query.limit,
        fold=query.fold_duplicates,
        latest=latest,
    )
    _record(caller, principal, query, hits)
    return search_schemas.Hits(hits=[view_hit(hit) for hit in hits])


@router.post("/facets")
def count_facets(query: filter_schemas.FacetQuery, caller: CallerOf) -> filter_schemas.Facets:
    """Count the documents by type, language, year, tag, author and collection."""
    state, wanted = caller.state, query.collections
    with caller.reading() as visit:
        tenant_id = visit.principal.tenant_id
        asked = facets.FacetQuery(
            scope=visit.scope(),
            filters=opened_filters(visit.session, state.keyring, tenant_id, query.filters),
            collections=None if wanted is None else frozenset(wanted),
        )
        values_max = state.settings.retrieval.facet_values_max
        found = facets.count_facets(visit.session, state.keyring, asked, values_max)
    return _view_facets(found)


def _record(
    caller: Caller, principal: Principal, query: search_schemas.Query, hits: Sequence[Hit]
) -> None:
    details: dict[str, object] = {"query": query.query, "documents": versions_of(hits)}
    if filters := query.filters.model_dump(mode="json", exclude_none=True):
        details["filters"] = filters
    record_access(caller, principal, "document.search", None, details)


def _view_facets(found: facets.Facets) -> filter_schemas.Facets:
    def view(counts: Sequence[facets.Count]) -> list[filter_schemas.FacetCount]:
        return [filter_schemas.FacetCount.model_validate(one) for one in counts]

    return filter_schemas.Facets(
        total=found.total,
        types=view(found.families),
        languages=view(found.languages),
        years=view(found.years),
        tags=view(found.tags),
        authors=view(found.authors),
        collections=view(found.collections),
    )


def view_hit(hit: Hit) -> search_schemas.Hit:
    """Show a hit."""
    chunk = hit.chunk
    return search_schemas.Hit(
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
        also=[_view_place(copy) for copy in hit.copies],
    )


def _view_place(copy: Hit) -> schemas.OtherPlace:
    chunk = copy.chunk
    return schemas.OtherPlace(
        document_id=copy.document_id,
        document_name=copy.document_name,
        page=chunk.page,
        boxes=[schemas.Box.model_validate(box) for box in chunk.boxes],
        start=chunk.start,
        end=chunk.end,
    )
