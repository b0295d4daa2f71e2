"""The kernel that searches sketches, against FAISS and against all inner products."""

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from retrieval.kernels.loading import kernels_used
from retrieval.settings import RetrievalSettings
from retrieval.vectors.sketches import Sketches


@pytest.fixture(autouse=True, scope="module")
def _kernels() -> None:
    if not kernels_used(RetrievalSettings()):
        pytest.skip("kernels cannot be had here")


def rows(random: np.random.Generator, count: int, dimensions: int) -> NDArray[np.float32]:
    """Make unit vectors around a common centre, as embedders do."""
    near = 1 + random.standard_normal((count, dimensions)).astype(np.float32)
    unit: NDArray[np.float32] = near / np.linalg.norm(near, axis=1, keepdims=True)
    return unit


def bitmap(chosen: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.packbits(chosen, bitorder="little")


@settings(max_examples=50)
@given(
    seed=st.integers(0, 10_000),
    total=st.integers(1, 700),
    dimensions=st.sampled_from([1, 7, 40, 64, 100, 384, 512, 520, 1024]),
    share=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    count=st.integers(1, 300),
)
def test_it_proposes_what_faiss_proposes_and_scores_it_exactly(
    seed: int, total: int, dimensions: int, share: float, count: int
) -> None:
    random = np.random.default_rng(seed)
    vectors = rows(random, total, dimensions).astype(np.float16)
    query = rows(random, 1, dimensions)[0]
    chosen = random.random(total) < share
    sketches = Sketches(np.full(dimensions, dimensions**-0.5, np.float32))
    sketches.add(vectors)
    scores, positions = sketches.scored(query, vectors, bitmap(chosen), count)
    found = positions.tolist()
    assert len(set(found)) == len(found) >= min(count, chosen.sum())
    assert chosen[found].all()
    assert scores == pytest.approx(vectors[found].astype(np.float32) @ query, abs=1e-5)
    selector = faiss.IDSelectorBitmap(bitmap(chosen))
    likely = sketches.likely(query, selector, min(count, total))
    # Sums in another order may swap what is nearly equal at the end, and here all is rather equal.
    assert len(set(likely.tolist()) - set(found)) <= 2 + 0.02 * count


def test_all_that_tie_for_the_last_place_are_proposed() -> None:
    random = np.random.default_rng(3)
    vectors = np.repeat(rows(random, 2, 64), (30_000, 5), axis=0).astype(np.float16)
    sketches = Sketches(np.full(64, 1 / 8, np.float32))
    sketches.add(vectors)
    everything = bitmap(np.ones(30_005, np.bool_))
    nearer = vectors[-1].astype(np.float32)
    _, few = sketches.scored(nearer, vectors, everything, 5)
    assert sorted(few.tolist()) == list(range(30_000, 30_005))
    _, many = sketches.scored(nearer, vectors, everything, 6)
    assert len(many) == 30_005
