import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import numpy as np
import pytest

from retrieval import side_by_side
from retrieval.access import AccessScope
from retrieval.rows import Batch, IndexedDocument
from retrieval.scripts import SCRIPTS
from retrieval.settings import RetrievalSettings
from retrieval.side_by_side import beside
from retrieval.vectors import faiss_vectors
from retrieval.vectors.faiss_vectors import FaissVectors
from retrieval.visibility import DocumentClass, VisibilityClasses

_here = ContextVar("_here", default="nowhere")


def test_results_come_back_in_whatever_order_they_are_fetched() -> None:
    results = [beside(lambda number=number: number) for number in range(20)]
    assert [result() for result in reversed(results)] == list(range(19, -1, -1))


def test_what_nobody_has_begun_is_done_by_who_waits_for_it() -> None:
    free = threading.Event()
    blocked = [beside(lambda: free.wait(timeout=30)) for _ in range(64)]
    try:
        assert beside(threading.get_ident)() == threading.get_ident()
    finally:
        free.set()
    assert all(result() for result in blocked)


def test_a_part_knows_the_trace_that_it_belongs_to() -> None:
    _here.set("in a request")
    assert beside(_here.get)() == "in a request"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads can be moved on Linux")
def test_a_part_may_use_every_core_though_its_search_is_kept_on_one() -> None:
    every = os.sched_getaffinity(0)

    def bound() -> set[int]:
        os.sched_setaffinity(0, {min(every)})
        with ThreadPoolExecutor(1, initializer=side_by_side._use_all_cores) as pool:
            return pool.submit(os.sched_getaffinity, 0).result()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(bound).result() == every


def test_a_large_corpus_finds_what_a_small_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = VisibilityClasses()
    store = FaissVectors(classes, 4, RetrievalSettings(), lambda _: np.zeros(4, "f4"))
    for number, script in enumerate(("chinese", "other", "unknown", "other"), start=1):
        vectors = np.eye(4, dtype="<f2")[[number - 1]]
        ids = np.array([number])
        of = DocumentClass(1, "c", script)
        made = IndexedDocument(f"d{number}", of, [number], [b""], ids, vectors)
        store.apply(Batch([f"d{number}"], [made]))
    scope = AccessScope("t", frozenset({1}))
    query = dict.fromkeys(SCRIPTS, np.array([1, 2, 3, 4], np.float32))
    alone = store.search(scope, query, 10)
    monkeypatch.setattr(faiss_vectors, "LARGE_FROM", 1)
    assert side_by_side.LARGE_FROM > 4
    assert store.search(scope, query, 10) == alone
    assert [chunk for chunk, _ in alone["other"]] == [4, 2]
