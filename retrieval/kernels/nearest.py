"""What sketches propose for a query, and its exact scores, in one call."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


def nearest(
    sketches: NDArray[np.uint8],
    vectors: NDArray[np.float16],
    visible: NDArray[np.uint8],
    *,
    query: NDArray[np.float32],
    aim: NDArray[np.float32],
    count: int,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return inner products and positions of what seems nearest, in any order.

    These are the visible vectors whose sketches promise the `count` highest inner products with
    `query`, and those that tie with the last of them. Rows of `sketches` are as FAISS' RaBitQ
    writes them, `vectors` have shape (n, dimensions), `visible` a bit for each, lowest first;
    `aim` is the query relative to the sketches' centre.
    """
    arrays: tuple[NDArray[Any], ...] = (sketches, vectors, visible, query, aim)
    tensors = map(torch.from_numpy, arrays)
    positions, scores = torch.ops.sourcebook_retrieval.nearest.default(*tensors, count)
    return scores.numpy(), positions.numpy()
