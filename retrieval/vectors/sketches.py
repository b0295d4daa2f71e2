"""One bit for each dimension of a vector, from which the nearest are guessed and then scored.

Gao and Long, "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound for
Approximate Nearest Neighbor Search", SIGMOD 2024. A sketch says on which side of a centre a vector
lies along each rotated axis. The centre is fixed by the embedder, not learnt from what is stored:
a document's sketch, and with it what its reader finds, depends on no other document.
"""

from typing import Any

import faiss as faiss_with_stubs
import numpy as np
from numpy.typing import NDArray

from retrieval.kernels.nearest import nearest

faiss: Any = faiss_with_stubs  # its stubs give C++'s signatures, not those of its Python wrappers

_QUERY_BITS = 4  # of each dimension of a query; 8 find no more, and take a third longer
_LENGTHENED_MAX = 100.0


class Sketches:
    """Sketches by position, as the store holds the vectors themselves."""

    def __init__(self, centre: NDArray[np.float32]) -> None:
        self._centre = np.ascontiguousarray(centre, np.float32)
        self._index = faiss.IndexRaBitQ(len(centre), faiss.METRIC_INNER_PRODUCT)
        self._index.train(self._centre[None, :])

    def __len__(self) -> int:
        """Count the sketches."""
        return int(self._index.ntotal)

    def add(self, vectors: NDArray[np.floating]) -> None:
        """Sketch further vectors, shape (n, dimensions)."""
        self._index.add(np.ascontiguousarray(vectors, np.float32))

    def remove(self, selector: Any) -> None:
        """Close the gaps of the selected positions; the order of the others stays."""
        self._index.remove_ids(selector)

    def likely(self, query: NDArray[np.float32], selector: Any, count: int) -> NDArray[np.int64]:
        """Return up to `count` selected positions that seem nearest to `query`, in any order."""
        parameters = faiss.RaBitQSearchParameters()
        parameters.sel, parameters.qb = selector, _QUERY_BITS
        near = self._lengthened(query)
        _, (positions,) = self._index.search(near[None, :], count, params=parameters)
        found: NDArray[np.int64] = positions[positions >= 0]
        return found

    def scored(
        self,
        query: NDArray[np.float32],
        vectors: NDArray[np.float16],
        visible: NDArray[np.uint8],
        count: int,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Score what `likely` proposes by its `vectors`, with the compiled kernel.

        `visible` has a bit for each position, lowest first.
        """
        total, size = len(self), self._index.code_size
        sketches = faiss.rev_swig_ptr(self._index.codes.data(), total * size).reshape(total, size)
        aim = self._lengthened(query) - self._centre
        return nearest(sketches, vectors, visible, query=query, aim=aim, count=count)

    def _lengthened(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """Put `query` where the estimates err least.

        The order of inner products is the same for every length of a query, and their error grows
        with its distance from the centre, compared with its length.
        """
        along, square = float(query @ self._centre), float(self._centre @ self._centre)
        scale = min(square / along, _LENGTHENED_MAX) if along > 0 else _LENGTHENED_MAX
        return (scale * query).astype(np.float32, copy=False)
