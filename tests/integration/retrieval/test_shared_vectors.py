"""Several processes that share one Milvus (Lite) and follow the rows into it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.access import AccessScope
from retrieval.errors import VectorStoreUnavailable
from retrieval.index import CorpusIndex
from retrieval.rows import IndexRows
from retrieval.scripts import SCRIPTS
from retrieval.shared_vectors import SharedVectors
from retrieval.tables import VectorPosition
from retrieval.vectors.milvus_collection import MilvusCollection
from retrieval.vectors.settings import MilvusSettings
from storage.row_security import ALL_TENANTS
from tests.integration.retrieval.world import DIMENSIONS, SETTINGS, World, new_keyring, scope


class CountingCollection(MilvusCollection):
    """Counts the rows that are uploaded, and can be away."""

    uploaded = 0
    away = False

    def insert(self, rows: list[dict[str, object]]) -> None:
        if self.away:
            raise VectorStoreUnavailable
        self.uploaded += len(rows)
        super().insert(rows)


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[CountingCollection]:
    settings = MilvusSettings(uri=str(tmp_path / "milvus.db"), partitions=2)
    collection = CountingCollection(settings, "hash@1", DIMENSIONS)
    yield collection
    collection.close()


def _process(world: World, collection: MilvusCollection) -> tuple[CorpusIndex, SharedVectors]:
    rows = IndexRows(new_keyring(), "hash@1", DIMENSIONS)
    shared = SharedVectors(world.database, rows, collection)
    index = CorpusIndex(
        world.database, new_keyring(), embedder=world.embedder, settings=SETTINGS, shared=shared
    )
    return index, shared


def _by_meaning(world: World, index: CorpusIndex, seen_by: AccessScope, text: str) -> list[int]:
    vector = world.embedder.embed_queries([text])[0]
    dense = index.search(seen_by, dict.fromkeys(SCRIPTS, vector), [], 10, lambda *_: None).dense
    return [number for nearest in dense.values() for number, _ in nearest]


def test_what_one_process_uploads_another_finds_and_does_not_upload(
    world: World, collection: CountingCollection
) -> None:
    tenant = world.tenant("t1")
    acl = world.acl(tenant, "a")
    world.document(tenant, world.collection(tenant), acl, ["red apples", "green pears"])
    first, _ = _process(world, collection)
    first.rebuild()
    assert first.verify().ok
    uploaded = collection.uploaded
    second, _ = _process(world, collection)
    second.rebuild()
    assert collection.uploaded == uploaded
    assert len(_by_meaning(world, second, scope(tenant, acl), "red apples")) == 2
    assert second.verify().ok


def test_changes_reach_the_store(world: World, collection: CountingCollection) -> None:
    tenant = world.tenant("t1")
    acl, other = world.acl(tenant, "a"), world.acl(tenant, "b")
    place = world.collection(tenant)
    moved = world.document(tenant, place, acl, ["red apples"])
    gone = world.document(tenant, place, acl, ["green pears"])
    index, shared = _process(world, collection)
    index.rebuild()
    world.move(tenant, moved, place, other)
    world.delete(tenant, gone)
    assert shared.catch_up()
    assert _by_meaning(world, index, scope(tenant, acl), "red apples") == []
    assert len(_by_meaning(world, index, scope(tenant, acl, other), "red apples")) == 1
    assert index.verify().ok


def test_tenants_share_a_collection_and_nothing_else(
    world: World, collection: CountingCollection
) -> None:
    acls = {}
    for name in ("t1", "t2"):
        tenant = world.tenant(name)
        acls[name] = world.acl(tenant, "a")
        world.document(tenant, world.collection(tenant), acls[name], [f"words of {name}"])
    index, _ = _process(world, collection)
    index.rebuild()
    every = frozenset(acls.values())
    found = {name: _by_meaning(world, index, AccessScope(name, every), "words") for name in acls}
    assert [len(numbers) for numbers in found.values()] == [1, 1]
    assert found["t1"] != found["t2"]


def test_a_store_that_was_lost_is_filled_anew(world: World, collection: CountingCollection) -> None:
    tenant = world.tenant("t1")
    world.document(tenant, world.collection(tenant), world.acl(tenant, "a"), ["red apples"])
    index, shared = _process(world, collection)
    index.rebuild()
    shared.empty()
    assert shared.catch_up()
    assert index.verify().ok
    with world.database.reading(ALL_TENANTS) as session:
        assert len({row.store for row in session.query(VectorPosition)}) == 2


def test_a_store_that_is_away_loses_no_change(world: World, collection: CountingCollection) -> None:
    tenant = world.tenant("t1")
    acl = world.acl(tenant, "a")
    collection.away = True
    world.document(tenant, world.collection(tenant), acl, ["red apples"])
    index, shared = _process(world, collection)
    index.rebuild()
    with pytest.raises(VectorStoreUnavailable):
        shared.catch_up()
    collection.away = False
    assert shared.catch_up()
    assert len(_by_meaning(world, index, scope(tenant, acl), "red apples")) == 1


def test_verification_tells_what_the_store_lost(
    world: World, collection: CountingCollection
) -> None:
    tenant = world.tenant("t1")
    acl = world.acl(tenant, "a")
    document = world.document(tenant, world.collection(tenant), acl, ["red apples"])
    index, _ = _process(world, collection)
    index.rebuild()
    collection.delete(_by_meaning(world, index, scope(tenant, acl), "red apples"))
    assert [(d.document_id, d.kind) for d in index.verify().differences] == [
        (document, "different")
    ]
