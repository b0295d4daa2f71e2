import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.settings import RetrievalSettings
from retrieval.vectors.faiss_store import DocumentVectors, FaissStore

DIMENSIONS = 8
EVERYTHING = np.array([False, *[True] * 20])


def empty() -> FaissStore:
    return FaissStore(DIMENSIONS, RetrievalSettings(), lambda: np.ones(DIMENSIONS, np.float32))


def seen(*classes: int) -> NDArray[np.bool_]:
    visible = np.zeros(21, bool)
    visible[list(classes)] = True
    return visible


def vectors(count: int, seed: int) -> NDArray[np.float16]:
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSIONS))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


def document(visibility: int, first: int, count: int) -> DocumentVectors:
    numbers = np.arange(first, first + count, dtype=np.int64)
    return DocumentVectors(visibility, numbers, vectors(count, first))


def found_in(
    store: FaissStore, query: NDArray[np.float32], visible: NDArray[np.bool_], limit: int
) -> list[int]:
    return [chunk for chunk, _ in store.search(query, visible, limit)]


@pytest.fixture
def store() -> FaissStore:
    store = empty()
    for number in range(20):
        store.put(f"d{number}", document(1 + number % 5, 1000 * number, 3 + number))
    return store


def exact(documents: dict[int, DocumentVectors], query: NDArray[np.float32]) -> list[int]:
    scored = [
        (-float(vector.astype(np.float32) @ query), int(chunk))
        for held in documents.values()
        for chunk, vector in zip(held.chunk_ids, held.vectors, strict=True)
    ]
    return [chunk for _, chunk in sorted(scored)]


@pytest.mark.parametrize("classes", [(1,), (2, 5), (1, 2, 3, 4, 5)])
def test_search_is_exact_over_what_is_visible_and_returns_nothing_else(
    store: FaissStore, classes: tuple[int, ...]
) -> None:
    query = vectors(1, 77)[0].astype(np.float32)
    allowed = {n: document(1 + n % 5, 1000 * n, 3 + n) for n in range(20) if 1 + n % 5 in classes}
    found = found_in(store, query, seen(*classes), 400)
    assert list(found) == exact(allowed, query)
    assert found_in(store, query, seen(*classes), 4) == exact(allowed, query)[:4]


def test_search_says_how_near_each_is(store: FaissStore) -> None:
    held = document(1, 0, 3)
    query = held.vectors[1].astype(np.float32)
    cosines = dict(store.search(query, seen(1), 400))
    assert cosines[1] == pytest.approx(1, abs=1e-3)
    assert cosines[0] == pytest.approx(float(held.vectors[0].astype(np.float32) @ query), abs=1e-3)


def test_nothing_visible_and_nothing_held_find_nothing(store: FaissStore) -> None:
    query = vectors(1, 1)[0].astype(np.float32)
    assert found_in(store, query, seen(), 5) == []
    assert found_in(empty(), query, EVERYTHING, 5) == []


def test_a_removed_document_is_found_by_nobody(store: FaissStore) -> None:
    before = len(store)
    store.remove("d3")
    store.remove("d3")
    query = document(4, 3000, 6).vectors[0].astype(np.float32)
    assert not {*range(3000, 3006)} & {*found_in(store, query, EVERYTHING, 400)}
    assert len(store) == before - 6
    assert store.get("d3") is None


def test_putting_again_replaces(store: FaissStore) -> None:
    store.put("d3", document(2, 90_000, 2))
    found = set(found_in(store, vectors(1, 5)[0].astype(np.float32), EVERYTHING, 400))
    assert {90_000, 90_001} <= found
    assert not {*range(3000, 3006)} & found


def test_compaction_sweeps_deleted_vectors_out_and_keeps_the_rest_findable() -> None:
    store = empty()
    held = {n: document(1 + n % 3, 10_000 * n, 400) for n in range(10)}
    for number, vectors_held in held.items():
        store.put(f"d{number}", vectors_held)
    for number in (0, 4, 5, 9):
        store.remove(f"d{number}")
        del held[number]
    assert store._index.ntotal < 10 * 400
    query = vectors(1, 3)[0].astype(np.float32)
    assert found_in(store, query, EVERYTHING, 4000) == exact(held, query)
    store.put("new", document(1, 500_000, 5))
    held[10] = document(1, 500_000, 5)
    for number, expected in held.items():
        got = store.get("new" if number == 10 else f"d{number}")
        assert got is not None
        assert got.visibility == expected.visibility
        assert np.array_equal(got.chunk_ids, expected.chunk_ids)
        assert np.array_equal(got.vectors, expected.vectors)


def test_reserved_memory_holds_nothing(store: FaissStore) -> None:
    fresh = empty()
    fresh.reserve(1000)
    assert len(fresh) == 0
    assert found_in(fresh, vectors(1, 1)[0].astype(np.float32), EVERYTHING, 5) == []
    fresh.put("d0", document(1, 0, 3))
    assert sorted(found_in(fresh, vectors(1, 1)[0].astype(np.float32), EVERYTHING, 5)) == [0, 1, 2]
    store.reserve(5)
    assert len(store) == sum(3 + n for n in range(20))


def test_equals_are_ordered_by_document_wherever_they_lie() -> None:
    twin = np.tile(vectors(1, 5), (2, 1))
    query = twin[0].astype(np.float32)

    def found(names: str, limit: int) -> list[int]:
        store = empty()
        for position, name in enumerate(names):
            store.put(f"h{position}", document(2, 9000 + 10 * position, 3))
            numbers = np.array([ord(name) * 10, ord(name) * 10 + 1])
            store.put(name, DocumentVectors(1, numbers, twin))
        return found_in(store, query, seen(1), limit)

    everything = found("abcdefgh", 16)
    assert len(everything) == 16
    assert [chunk for chunk in everything if chunk % 2] == [c + 1 for c in everything[::2]]
    for limit in (1, 2, 5, 15, 16, 100):
        assert found("hcaebgdf", limit) == everything[:limit]


def test_what_a_scope_saw_before_is_not_kept_beyond_a_change(store: FaissStore) -> None:
    query = vectors(1, 77)[0].astype(np.float32)
    before = set(found_in(store, query, seen(1), 400))
    store.put("new", document(1, 90_000, 2))
    store.remove("d0")
    assert set(found_in(store, query, seen(1), 400)) == before - {0, 1, 2} | {90_000, 90_001}


def test_more_scopes_than_are_kept_find_their_own(store: FaissStore) -> None:
    query = vectors(1, 77)[0].astype(np.float32)
    for _ in range(2):
        for mask in range(1, 32):
            classes = [1 + n for n in range(5) if mask >> n & 1]
            allowed = {
                n: document(1 + n % 5, 1000 * n, 3 + n) for n in range(20) if 1 + n % 5 in classes
            }
            assert found_in(store, query, seen(*classes), 400) == exact(allowed, query)
