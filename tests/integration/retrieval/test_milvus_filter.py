"""A scope's filter on real Milvus (Lite): what it lets through, whatever names are made of."""

from collections.abc import Iterator

import pytest
from pymilvus import DataType, MilvusClient

from retrieval.access import AccessScope
from retrieval.vectors.milvus_filter import milvus_filter

HOSTILE = (
    "t1",
    '" or acl_id >= 0 or tenant_id == "',
    "' or 'a' == 'a",
    "o'neil",
    "back\\slash",
    '\\"',
    "\\u0041",
    "new\nline\tand tab",
    "组织",
    "🗝",
    "%",
    "{acls}",
    '["a"]',
)
ACLS = (1, 2)


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusClient]:
    client = MilvusClient(str(tmp_path_factory.mktemp("milvus") / "milvus.db"))
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("tenant_id", DataType.VARCHAR, max_length=64)
    schema.add_field("collection_id", DataType.VARCHAR, max_length=64)
    schema.add_field("acl_id", DataType.INT64)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    indexes = client.prepare_index_params()
    indexes.add_index("vector", index_type="FLAT", metric_type="IP")
    client.create_collection("chunks", schema=schema, index_params=indexes)
    client.insert("chunks", list(_rows()))
    yield client
    client.close()


def _rows() -> Iterator[dict[str, object]]:
    for tenant in HOSTILE:
        for collection in HOSTILE:
            for acl in ACLS:
                key = (HOSTILE.index(tenant) * 100 + HOSTILE.index(collection)) * 10 + acl
                row = {"tenant_id": tenant, "collection_id": collection, "acl_id": acl}
                yield {"id": key, "vector": [1.0, 0.0]} | row


def _found(milvus: MilvusClient, scope: AccessScope) -> set[tuple[str, str, int]]:
    hits = milvus.search(
        "chunks",
        data=[[1.0, 0.0]],
        filter=milvus_filter(scope),
        limit=1000,
        output_fields=["tenant_id", "collection_id", "acl_id"],
    )[0]
    entities = [hit["entity"] for hit in hits]
    return {(row["tenant_id"], row["collection_id"], row["acl_id"]) for row in entities}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_stands_for_itself_whatever_it_is_made_of(milvus: MilvusClient, name: str) -> None:
    every = {(name, collection, 2) for collection in HOSTILE}
    assert _found(milvus, AccessScope(name, frozenset({2}))) == every
    inside = AccessScope("t1", frozenset(ACLS), frozenset({name}))
    assert _found(milvus, inside) == {("t1", name, acl) for acl in ACLS}


def test_a_name_between_bare_quotes_would_have_shown_every_row(milvus: MilvusClient) -> None:
    naive = f'tenant_id == "{HOSTILE[1]}" and acl_id in [2]'
    assert len(milvus.query("chunks", filter=naive, limit=1000)) > len(HOSTILE)


@pytest.mark.parametrize(
    "scope",
    [
        AccessScope("t1", frozenset()),
        AccessScope("t1", frozenset({1}), frozenset()),
        AccessScope("unknown", frozenset(ACLS)),
        AccessScope("t1", frozenset({3})),
    ],
)
def test_an_empty_scope_finds_nothing(milvus: MilvusClient, scope: AccessScope) -> None:
    assert _found(milvus, scope) == set()


def test_a_scope_of_thousands_of_lists_is_taken(milvus: MilvusClient) -> None:
    scope = AccessScope("t1", frozenset(range(2, 10_002)))
    assert _found(milvus, scope) == {("t1", collection, 2) for collection in HOSTILE}
