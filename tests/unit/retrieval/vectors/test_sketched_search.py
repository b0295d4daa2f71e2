"""Searching more vectors than are looked at one by one: still only visible ones, nearly as good."""

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.kernels.loading import kernels_used
from retrieval.settings import RetrievalSettings
from retrieval.vectors.faiss_store import DocumentVectors, FaissStore

DIMENSIONS = 64
CENTRE = np.full(DIMENSIONS, DIMENSIONS**-0.5, np.float32)
DOCUMENTS, CHUNKS = 300, 10
EXACT = RetrievalSettings(exact_vectors_max=10_000_000)
SKETCHED = RetrievalSettings(
    exact_vectors_max=500, sketched_candidates_min=400, compaction_share=0.1
)


@pytest.fixture(autouse=True, params=["faiss", "kernel"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Search with FAISS alone, and with the kernel where it can be had."""
    wanted = request.param == "kernel"
    if wanted and not kernels_used(RetrievalSettings()):
        pytest.skip("kernels cannot be had here")
    monkeypatch.setattr("retrieval.vectors.faiss_store.kernels_used", lambda _: wanted)


def rows(count: int, seed: int) -> NDArray[np.float32]:
    """Make unit vectors around the centre, as embedders do."""
    noise = np.random.default_rng(seed).standard_normal((count, DIMENSIONS)) / DIMENSIONS**0.5
    near = CENTRE + noise
    return (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)


def document(number: int) -> DocumentVectors:
    """Class 1 holds 60 % of the documents, class 2 the others."""
    visibility = 1 if number % 5 < 3 else 2
    chunks = np.arange(number * 100, number * 100 + CHUNKS, dtype=np.int64)
    return DocumentVectors(visibility, chunks, rows(CHUNKS, number).astype(np.float16))


def filled(settings: RetrievalSettings, numbers: range = range(DOCUMENTS)) -> FaissStore:
    store = FaissStore(DIMENSIONS, settings, CENTRE.copy)
    for number in numbers:
        store.put(f"d{number}", document(number))
    return store


def visible(*classes: int) -> NDArray[np.bool_]:
    return np.isin(np.arange(3), classes)


@pytest.fixture(scope="module")
def exact() -> FaissStore:
    return filled(EXACT)


@pytest.fixture(scope="module")
def sketched() -> FaissStore:
    return filled(SKETCHED)


@pytest.mark.parametrize("classes", [(1,), (2,), (1, 2)])
def test_nearly_all_of_the_nearest_are_found_with_the_very_same_scores(
    exact: FaissStore, sketched: FaissStore, classes: tuple[int, ...]
) -> None:
    shared, scores = 0, []
    for query in rows(50, 7777):
        wanted = dict(exact.search(query, visible(*classes), 10))
        found = dict(sketched.search(query, visible(*classes), 10))
        shared += len(wanted.keys() & found.keys())
        scores += [(wanted[chunk], found[chunk]) for chunk in wanted.keys() & found.keys()]
    assert shared / 500 >= 0.97
    first, second = np.array(scores).T
    assert first == pytest.approx(second, abs=1e-5)


def test_queries_far_from_the_centre_find_as_well(exact: FaissStore, sketched: FaissStore) -> None:
    """What is left of a question without its language lies elsewhere, and is shorter."""
    shared = 0
    for query in rows(50, 7777) - 0.8 * CENTRE:
        wanted = dict(exact.search(query, visible(1, 2), 10))
        shared += len(wanted.keys() & dict(sketched.search(query, visible(1, 2), 10)).keys())
    assert shared / 500 >= 0.95


@pytest.mark.parametrize("hidden", [1, 2])
def test_nothing_hidden_is_found(sketched: FaissStore, hidden: int) -> None:
    allowed = {
        chunk
        for number in range(DOCUMENTS)
        for chunk in document(number).chunk_ids.tolist()
        if document(number).visibility != hidden
    }
    for query in rows(20, 8888):
        found = [chunk for chunk, _ in sketched.search(query, visible(3 - hidden), 100)]
        assert len(found) == 100
        assert set(found) <= allowed


def test_what_is_hidden_changes_nothing() -> None:
    """Documents of class 2 come and go; who sees class 1 gets the same bytes."""
    alone = FaissStore(DIMENSIONS, SKETCHED, CENTRE.copy)
    for number in range(DOCUMENTS):
        if document(number).visibility == 1:
            alone.put(f"d{number}", document(number))
    among = filled(SKETCHED, range(DOCUMENTS - 1, -1, -1))
    for query in rows(20, 9999):
        assert alone.search(query, visible(1), 30) == among.search(query, visible(1), 30)


def test_a_narrow_scope_of_a_large_store_is_searched_exactly() -> None:
    few = RetrievalSettings(exact_vectors_max=1_500, sketched_candidates_min=1)
    store, everything = filled(few), filled(EXACT)
    assert len(store) > 1_500
    for query in rows(20, 5):
        assert store.search(query, visible(2), 50) == everything.search(query, visible(2), 50)


def test_removed_and_replaced_documents_keep_their_sketches_in_step() -> None:
    store = filled(SKETCHED)
    for number in range(0, DOCUMENTS, 2):
        store.remove(f"d{number}")
    for number in range(1, 60, 2):
        store.put(f"d{number}", document(number + 1000))
    assert store._sketches is not None
    assert len(store._sketches) == store._index.ntotal < DOCUMENTS * CHUNKS
    kept = {n + 1000 if n < 60 else n for n in range(1, DOCUMENTS, 2)}
    for query in rows(20, 6):
        found = [chunk for chunk, _ in store.search(query, visible(1, 2), 10)]
        assert {chunk // 100 for chunk in found} <= kept
    aim = document(1031).vectors[4].astype(np.float32)
    assert store.search(aim, visible(1, 2), 1)[0][0] == 1031 * 100 + 4
