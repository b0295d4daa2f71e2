"""The order of what is equally good: one that no other document can move."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.uint64]


def place_of(document_id: str) -> int:
    """Return a document's place among equals; its chunks follow one another in reading order.

    Row numbers and positions in an index would not do: they depend on what else was stored.
    """
    return int.from_bytes(blake2b(document_id.encode(), digest_size=8).digest(), "little")


def best_first(
    scores: NDArray[np.floating], places: Places, positions: NDArray[np.integer]
) -> NDArray[np.intp]:
    """Return the order by falling score, then by place, then by position in the document."""
    return np.lexsort((positions, places, -scores))


def highest(scores: NDArray[np.floating], limit: int) -> NDArray[np.intp]:
    """Return which scores are the `limit` highest, and all that tie with the last of them."""
    if len(scores) <= limit:
        return np.arange(len(scores))
    least = np.partition(scores, len(scores) - limit)[len(scores) - limit]
    return np.flatnonzero(scores >= least)
