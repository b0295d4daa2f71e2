"""The one way to turn text into vectors, whatever computes them."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """A sentence embedding model; all vectors are L2-normalised rows of shape (n, dimensions)."""

    @property
    def name(self) -> str:
        """Name and revision; vectors of different names are never compared."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    @property
    def passage_tokens_max(self) -> int:
        """Longer passages are cut by the model; the chunker stays below."""
        ...

    def embed_queries(self, queries: Sequence[str]) -> Vectors:
        """Embed questions."""
        ...

    def embed_passages(self, passages: Sequence[str]) -> Vectors:
        """Embed passages, batched by length inside; rows come back in the order given."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens, without special tokens and without cutting."""
        ...
