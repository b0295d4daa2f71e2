"""What every vector store has to do, whatever it is made of."""

from collections.abc import Callable, Sequence
from itertools import count, product

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.access import AccessScope
from retrieval.rows import Batch, IndexedDocument
from retrieval.scripts import SCRIPTS, Script
from retrieval.vectors.port import Queries, VectorStore
from retrieval.visibility import DocumentClass

DIMENSIONS = 16
TENANT = "t1"
HOSTILE = (
    "c1",
    '" or acl_id >= 0 or tenant_id == "',
    "' or 'a' == 'a",
    "back\\slash",
    '\\"',
    "new\nline\tand tab",
    "组织",
    "{acls}",
    '["a"]',
)
ACLS = (1, 2)

Open = Callable[[str], VectorStore]
"""Opens the vectors of a tenant; all that one test opens are in one store."""

_numbers = count(1)
_random = np.random.default_rng(5)


def document(
    name: str,
    *,
    acl: int = 1,
    collection: str = "c1",
    script: Script = "other",
    vectors: Sequence[NDArray[np.float16]] | None = None,
) -> IndexedDocument:
    """Make a document of two chunks, or of as many as there are `vectors`."""
    rows = [unit() for _ in range(2)] if vectors is None else list(vectors)
    numbers = [next(_numbers) for _ in rows]
    return IndexedDocument(
        document_id=name,
        document_class=DocumentClass(acl, collection, script),
        chunk_ids=numbers,
        tokens=[b""] * len(rows),
        vector_ids=np.array(numbers, np.int64),
        vectors=np.array(rows, "<f2").reshape(len(rows), DIMENSIONS),
    )


def moved(before: IndexedDocument, *, acl: int) -> IndexedDocument:
    """Give the same chunks another permission list."""
    known = before.document_class
    return IndexedDocument(
        document_id=before.document_id,
        document_class=DocumentClass(acl, known.collection_id, known.script),
        chunk_ids=before.chunk_ids,
        tokens=before.tokens,
        vector_ids=before.vector_ids,
        vectors=before.vectors,
    )


def alike(vector: NDArray[np.floating]) -> Queries:
    """Ask every script for the same."""
    return dict.fromkeys(SCRIPTS, vector.astype(np.float32))


def unit() -> NDArray[np.float16]:
    vector = _random.standard_normal(DIMENSIONS)
    return (vector / np.linalg.norm(vector)).astype("<f2")


def put(store: VectorStore, *documents: IndexedDocument) -> None:
    store.apply(Batch([one.document_id for one in documents], documents))


def scope(
    *acls: int, tenant: str = TENANT, collections: Sequence[str] | None = None
) -> AccessScope:
    inside = None if collections is None else frozenset(collections)
    return AccessScope(tenant, frozenset(acls), inside)


def found(store: VectorStore, seen_by: AccessScope, limit: int = 1000) -> set[int]:
    """Return every chunk that any query finds, in any script."""
    nearest = store.search(seen_by, alike(unit()), limit)
    return {number for script in SCRIPTS for number, _ in nearest[script]}


def chunks(*documents: IndexedDocument) -> set[int]:
    return {number for one in documents for number in one.chunk_ids}


class VectorStoreConformance:
    """Each store's tests inherit these; `open_store` is a fixture."""

    @pytest.fixture
    def store(self, open_store: Open) -> VectorStore:
        return open_store(TENANT)

    def test_the_nearest_come_first_with_their_cosine(self, store: VectorStore) -> None:
        vectors = [unit() for _ in range(40)]
        one = document("d", vectors=vectors)
        put(store, one)
        query = unit().astype(np.float32)
        exact = np.array(vectors, np.float32) @ query
        order = np.argsort(-exact)[:7]
        nearest = store.search(scope(1), alike(query), 7)["other"]
        assert [number for number, _ in nearest] == [one.chunk_ids[place] for place in order]
        assert [score for _, score in nearest] == pytest.approx(exact[order], abs=1e-3)

    def test_each_script_is_searched_apart(self, store: VectorStore) -> None:
        every = {script: document(script, script=script) for script in SCRIPTS}
        put(store, *every.values())
        nearest = store.search(scope(1), alike(unit()), 10)
        for script, one in every.items():
            assert {number for number, _ in nearest[script]} == chunks(one)

    def test_each_script_is_asked_for_its_own(self, store: VectorStore) -> None:
        every = {script: document(script, script=script) for script in SCRIPTS}
        put(store, *every.values())
        # Of any length, as what is left of a question without its language's centre.
        queries = {script: 0.3 * unit().astype(np.float32) for script in SCRIPTS}
        nearest = store.search(scope(1), queries, 10)
        for script, one in every.items():
            exact = dict(zip(one.chunk_ids, one.vectors @ queries[script], strict=True))
            assert dict(nearest[script]) == pytest.approx(exact, abs=1e-3)

    def test_only_what_the_scope_allows_is_found(self, open_store: Open) -> None:
        every = {
            (tenant, name, acl): document(f"{HOSTILE.index(name)}-{acl}", acl=acl, collection=name)
            for tenant, name, acl in product(("t1", HOSTILE[1]), HOSTILE, ACLS)
        }
        for tenant in ("t1", HOSTILE[1]):
            put(open_store(tenant), *(one for key, one in every.items() if key[0] == tenant))
        for tenant in ("t1", HOSTILE[1]):
            store = open_store(tenant)
            for name, acl in product(HOSTILE, ACLS):
                seen = found(store, scope(acl, tenant=tenant, collections=[name]))
                assert seen == chunks(every[tenant, name, acl])
            allowed = [every[tenant, name, 2] for name in HOSTILE]
            assert found(store, scope(2, 3, tenant=tenant)) == chunks(*allowed)

    def test_a_name_of_a_document_stands_for_itself(self, store: VectorStore) -> None:
        every = [document(name) for name in HOSTILE]
        put(store, *every)
        store.apply(Batch(HOSTILE[1:3]))
        assert found(store, scope(1)) == chunks(every[0], *every[3:])
        assert store.document_ids == {HOSTILE[0], *HOSTILE[3:]}

    def test_vectors_are_given_back_in_every_script(self, store: VectorStore) -> None:
        every = [document(script, script=script) for script in SCRIPTS]
        put(store, *every)
        stored = {
            number: vector
            for one in every
            for number, vector in zip(one.chunk_ids, one.vectors, strict=True)
        }
        asked = [*reversed(stored), max(stored) + 1000, 0]
        held = store.vectors(scope(1), asked)
        assert sorted(held.places.tolist()) == list(range(len(stored)))
        for place, vector in zip(held.places.tolist(), held.vectors, strict=True):
            assert vector == pytest.approx(stored[asked[place]], abs=1e-6)

    def test_only_vectors_that_the_scope_allows_are_given_back(self, open_store: Open) -> None:
        mine, theirs, elsewhere = document("d1"), document("d2", acl=2), document("d3")
        put(open_store(TENANT), mine, theirs)
        put(open_store("t2"), elsewhere)
        asked = [*elsewhere.chunk_ids, *theirs.chunk_ids, *mine.chunk_ids]
        for seen_by, seen in (
            (scope(1), mine),
            (scope(2), theirs),
            (scope(1, collections=["c2"]), None),
            (scope(), None),
        ):
            places = open_store(TENANT).vectors(seen_by, asked).places
            assert {asked[place] for place in places.tolist()} == (chunks(seen) if seen else set())

    def test_the_vectors_given_back_are_the_present_ones(self, store: VectorStore) -> None:
        before, gone, late = document("d", vectors=[unit()] * 3), document("gone"), document("late")
        put(store, before, gone)
        asked = [*before.chunk_ids, *gone.chunk_ids]
        assert len(store.vectors(scope(1), asked).places) == len(asked)
        again = moved(before, acl=2)
        store.apply(Batch(["gone"]))
        put(store, again)
        put(store, late)
        assert not len(store.vectors(scope(1), asked).places)
        assert len(store.vectors(scope(2), asked).places) == len(before.chunk_ids)
        assert len(store.vectors(scope(1), late.chunk_ids).places) == len(late.chunk_ids)

    def test_an_empty_scope_finds_nothing(self, store: VectorStore) -> None:
        put(store, document("d"))
        assert found(store, scope()) == set()
        assert found(store, scope(1, collections=[])) == set()
        assert found(store, scope(2)) == set()

    def test_a_search_keeps_to_the_documents_that_are_named(self, store: VectorStore) -> None:
        every = [document(name) for name in HOSTILE]
        hidden = document("hidden", acl=2)
        put(store, *every, hidden)
        query = unit().astype(np.float32)
        for within, fitting in (
            ({HOSTILE[1], "hidden", "unknown"}, every[1:2]),
            (set(HOSTILE), every),
            (set(), []),
        ):
            nearest = store.search(scope(1), alike(query), 100, within)
            assert {number for number, _ in nearest["other"]} == chunks(*fitting)

    def test_what_was_taken_from_a_list_is_not_found(self, store: VectorStore) -> None:
        one = document("d", acl=1)
        put(store, one)
        put(store, moved(one, acl=2))
        assert found(store, scope(1)) == set()
        assert found(store, scope(2)) == chunks(one)

    def test_a_deleted_document_is_not_found(self, store: VectorStore) -> None:
        gone, kept = document("gone"), document("kept")
        put(store, gone, kept)
        store.apply(Batch(["gone", "never there"]))
        assert found(store, scope(1)) == chunks(kept)
        assert store.document_ids == {"kept"}

    def test_a_new_version_takes_the_old_ones_place(self, store: VectorStore) -> None:
        before, after = document("d"), document("d", vectors=[unit()])
        put(store, before)
        put(store, after)
        assert found(store, scope(1)) == chunks(after)

    def test_twice_is_as_good_as_once(self, store: VectorStore) -> None:
        one = document("d")
        put(store, one)
        put(store, one)
        nearest = store.search(scope(1), alike(unit()), 10)["other"]
        assert sorted(number for number, _ in nearest) == sorted(one.chunk_ids)

    def test_it_knows_what_it_holds(self, store: VectorStore) -> None:
        one, empty = document("d"), document("empty", vectors=[])
        put(store, one, empty)
        assert store.holds(one)
        assert store.holds(empty)
        assert not store.holds(moved(one, acl=2))
        assert not store.holds(document("d", vectors=list(one.vectors)))
        assert not store.holds(document("unknown"))
        assert store.document_ids == {"d"}

    def test_an_empty_store_finds_nothing(self, store: VectorStore) -> None:
        assert found(store, scope(1)) == set()
        assert store.document_ids == frozenset()

    def test_no_more_are_found_than_were_asked_for(self, store: VectorStore) -> None:
        put(store, *(document(str(number)) for number in range(4)))
        assert len(store.search(scope(1), alike(unit()), 3)["other"]) == 3

    def test_a_document_read_again_in_another_script_is_there_once(
        self, store: VectorStore
    ) -> None:
        before = document("d1", script="other")
        put(store, before)
        after = document("d1", script="chinese")
        put(store, after)
        assert found(store, scope(1)) == chunks(after)
        assert store.holds(after)
        assert not store.holds(before)
        assert store.document_ids == {"d1"}
