"""`AccessScope` as a Milvus filter expression."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

from retrieval.access import AccessScope
from retrieval.filters import Filters, end_of, start_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milvus_filter(scope: AccessScope) -> str:
    """Compile to an expression over `tenant_id`, `acl_id` and `collection_id`.

    Filters also need `media_type`, `language`, `author_digest`, `tag_digests` (an array),
    `dated_on` (a number such as 20261122) and `created_at` (milliseconds since 1970).

    Values are written as JSON, whose strings Milvus reads back exactly: a value put between
    quotes as it is could end the quotes and say anything (`" or acl_id >= 0 or tenant_id == "`).
    """
    parts = [f"tenant_id == {_value(scope.tenant_id)}", f"acl_id in {_value(scope.acls)}"]
    if scope.collections is not None:
        parts.append(f"collection_id in {_value(scope.collections)}")
    parts.extend(part for one in scope.filters for part in _properties(one))
    return " and ".join(parts)


def _properties(filters: Filters) -> Iterator[str]:
    columns = (
        ("media_type", filters.media_types),
        ("language", filters.languages),
        ("author_digest", filters.authors),
    )
    yield from (f"{name} in {_value(some)}" for name, some in columns if some is not None)
    if filters.tags is not None:
        yield (
            f"array_contains_any(tag_digests, {_value(filters.tags)})" if filters.tags else "false"
        )
    if filters.years is not None:
        years = (f"(dated_on >= {y}0101 and dated_on <= {y}1231)" for y in sorted(filters.years))
        yield f"({' or '.join(years) or 'false'})"
    yield from _days(filters)


def _days(filters: Filters) -> Iterator[str]:
    if filters.dated_from is not None:
        yield f"dated_on >= {_day(filters.dated_from)}"
    if filters.dated_to is not None:
        yield f"dated_on <= {_day(filters.dated_to)}"
    if filters.uploaded_from is not None:
        yield f"created_at >= {_milliseconds(start_of(filters.uploaded_from))}"
    if filters.uploaded_to is not None:
        yield f"created_at < {_milliseconds(end_of(filters.uploaded_to))}"


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"


def _milliseconds(moment: datetime) -> int:
    return int((moment - _EPOCH).total_seconds() * 1000)


def documents_filter(tenant_id: str, document_ids: Iterable[str] | None = None) -> str:
    """Write an expression for all that a tenant has, or what it has of some documents."""
    tenant = f"tenant_id == {_value(tenant_id)}"
    return tenant if document_ids is None else f"{tenant} and document_id in {_value(document_ids)}"


def _value(value: str | Iterable[str] | Iterable[int]) -> str:
    # Not escaped to ASCII: Milvus Lite reads no \u. A control character it then refuses to read.
    return json.dumps(value if isinstance(value, str) else sorted(value), ensure_ascii=False)
