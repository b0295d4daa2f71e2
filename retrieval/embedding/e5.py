"""The embedder of a default install: multilingual-e5-small (384 dimensions, MIT) in torch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from retrieval.embedding.batching import batches_by_length
from retrieval.embedding.bert import Precision
from retrieval.embedding.e5_file import FILE_SHA256
from retrieval.embedding.e5_model import E5Model, load_e5_model
from retrieval.embedding.gathering import Gatherer
from retrieval.embedding.lanes import Lanes
from retrieval.embedding.port import Vectors

# Measured: 1,600 to 3,200 tokens are fastest; above, activations fall out of the cache.
_BATCH_TOKENS_MAX = 2048
_QUERY_BATCH_TOKENS_MAX = 512  # of questions that came together; more would keep the first waiting


class E5Embedder:
    """The embedder of a default install; safe to share between threads.

    `threads` is how many batches are computed at once, one core each. Queries have half as many
    of their own, so a query does not queue behind passages, and those that come at the same time
    share a pass: then each takes a third of the time, and its vector stays the same.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        threads: int = 1,
        precision: Precision = "auto",
        kernels: bool = True,
    ) -> None:
        query_lanes = Lanes((threads + 1) // 2, "embed-query")
        self._passage_lanes = Lanes(threads, "embed-passage")
        self._model = query_lanes.run(lambda: load_e5_model(path, precision, kernels=kernels))
        self._queries = Gatherer(query_lanes, self._encode, _QUERY_BATCH_TOKENS_MAX)

    @property
    def model(self) -> E5Model:
        """The loaded model, for whoever needs more of it than one vector a text."""
        return self._model

    @property
    def name(self) -> str:
        """The model and the beginning of its file's hash."""
        return f"multilingual-e5-small-q4@{FILE_SHA256[:8]}"

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._model.sizes.hidden

    @property
    def passage_tokens_max(self) -> int:
        """What is left of the model's positions after special tokens and the prefix."""
        return self._model.passage_tokens_max

    def embed_queries(self, queries: Sequence[str]) -> Vectors:
        """Embed questions."""
        vectors = np.empty((len(queries), self.dimensions), dtype=np.float32)
        for row, vector in enumerate(self._queries.encode(self._model.query_ids(queries))):
            vectors[row] = vector
        return vectors

    def embed_passages(self, passages: Sequence[str]) -> Vectors:
        """Embed passages."""
        ids = self._model.passage_ids(passages)
        batches = list(batches_by_length([len(row) for row in ids], _BATCH_TOKENS_MAX))
        vectors = np.empty((len(ids), self.dimensions), dtype=np.float32)
        encoded = self._passage_lanes.map(
            lambda batch: self._encode([ids[index] for index in batch]), batches
        )
        for batch, rows in zip(batches, encoded, strict=True):
            vectors[batch] = rows
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens without prefix and special tokens."""
        return [len(encoding) for encoding in self._model.tokenizer.encode_batch_fast(list(texts))]

    def _encode(self, ids: Sequence[Sequence[int]]) -> Vectors:
        vectors: Vectors = self._model.encoder.vectors(ids).numpy()
        return vectors
