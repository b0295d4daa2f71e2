"""The kernel that searches words, against numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.kernels.loading import kernels_used
from retrieval.lexical.word_index import WordIndex
from retrieval.settings import RetrievalSettings

BUFFER_BYTES = 4000  # so that there are several segments
CLASSES = 4


@pytest.fixture(autouse=True, scope="module")
def _kernels() -> None:
    if not kernels_used(RetrievalSettings()):
        pytest.skip("kernels cannot be had here")


def tokens(random: np.random.Generator, count: int) -> bytes:
    return (1 + random.zipf(1.3, count) % 60).astype("<u8").tobytes()


def filled(seed: int, documents: int, weight: float, *, kernels: bool) -> WordIndex:
    """Fill an index with documents of up to 20 passages, of which some are removed again."""
    random = np.random.default_rng(seed)
    index = WordIndex(BUFFER_BYTES, 0.2, weight, kernels=kernels)
    for number in range(documents):
        ids = range(100 * number, 100 * number + random.integers(1, 21))
        texts = [tokens(random, random.integers(0, 30)) for _ in ids]
        name = tokens(random, random.integers(0, 4))
        index.put(f"d{number}", int(random.integers(1, CLASSES)), ids, texts, name)
    index.commit()
    for number in range(0, documents, 5):
        index.remove(f"d{number}")
    index.commit()
    index.publish()
    return index


@settings(max_examples=50)
@given(
    seed=st.integers(0, 10_000),
    documents=st.integers(1, 60),
    weight=st.sampled_from([0.0, 1.0]),
    limit=st.integers(1, 40),
    visible=st.lists(st.booleans(), min_size=CLASSES - 1, max_size=CLASSES - 1),
)
def test_scores_and_passages_are_those_of_numpy(
    seed: int, documents: int, weight: float, limit: int, visible: list[bool]
) -> None:
    kernel, reference = (filled(seed, documents, weight, kernels=one) for one in (True, False))
    random, seen = np.random.default_rng(seed + 1), np.array([False, *visible])
    within = {f"d{number}" for number in range(0, documents, 2)} if seed % 2 else None
    for size in (1, 3, 12):
        wanted = [tokens(random, 1) for _ in range(size)]
        found, known = kernel.find(wanted, seen, limit, within)
        expected, covered = reference.find(wanted, seen, 2000, within)
        scores = dict(expected)
        assert [scores[chunk] for chunk, _ in found] == pytest.approx([s for _, s in found])
        best = [score for _, score in expected[:limit]]
        assert [score for _, score in found] == pytest.approx(best)
        if limit > len(expected):
            assert known() == pytest.approx(covered())


def test_blocks_join_without_a_gap_and_all_that_tie_are_compared() -> None:
    """More equal passages than any buffer holds, of which the first by document are wanted."""
    chunks = 70_001
    kernel, reference = (WordIndex(50_000_000, 0.2, kernels=one) for one in (True, False))
    word = (7).to_bytes(8, "little")
    for index in (kernel, reference):
        for number in range(0, chunks, 50):
            ids = range(number, min(number + 50, chunks))
            index.put(f"d{number}", 1, ids, [word] * len(ids))
        index.commit()
        index.publish()
    seen = np.array([False, True])
    for limit in (1, 60, chunks):
        found, expected = (one.search([word], seen, limit) for one in (kernel, reference))
        assert [chunk for chunk, _ in found] == [chunk for chunk, _ in expected]
