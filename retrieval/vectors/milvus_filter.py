"""`AccessScope` as a Milvus filter expression."""

import json
from collections.abc import Iterable

from retrieval.access import AccessScope


def milvus_filter(scope: AccessScope) -> str:
    """Compile to an expression over `tenant_id`, `acl_id` and `collection_id`.

    The scope's filters by property are not part of it: properties change without the index's
    knowing, so the caller looks them up in the rows and names the documents (`documents_filter`).

    Values are written as JSON, whose strings Milvus reads back exactly: a value put between
    quotes as it is could end the quotes and say anything (`" or acl_id >= 0 or tenant_id == "`).
    """
    parts = [f"tenant_id == {_value(scope.tenant_id)}", f"acl_id in {_value(scope.acls)}"]
    if scope.collections is not None:
        parts.append(f"collection_id in {_value(scope.collections)}")
    return " and ".join(parts)


def documents_filter(tenant_id: str, document_ids: Iterable[str] | None = None) -> str:
    """Write an expression for all that a tenant has, or what it has of some documents."""
    tenant = f"tenant_id == {_value(tenant_id)}"
    return tenant if document_ids is None else f"{tenant} and document_id in {_value(document_ids)}"


def chunks_filter(scope: AccessScope, chunks: Iterable[int]) -> str:
    """Compile to an expression for those of some chunks that the scope sees."""
    return f"{milvus_filter(scope)} and id in {_value(chunks)}"


def _value(value: str | Iterable[str] | Iterable[int]) -> str:
    # Not escaped to ASCII: Milvus Lite reads no \u. A control character it then refuses to read.
    return json.dumps(value if isinstance(value, str) else sorted(value), ensure_ascii=False)
