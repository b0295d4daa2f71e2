"""multilingual-e5-small (384 dimensions, about 100 languages, MIT) in torch.

Wang et al., "Multilingual E5 Text Embeddings", 2024. The model was trained with the prefixes
"query: " and "passage: " and works markedly worse without them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from retrieval.embedding.batching import batches_by_length
from retrieval.embedding.bert import can_pack, has_fast_bfloat16, load_encoder
from retrieval.embedding.e5_file import FILE_SHA256, installed_file, read_e5_file
from retrieval.embedding.encoder_pass import compiled
from retrieval.embedding.gathering import Gatherer
from retrieval.embedding.lanes import Lanes
from retrieval.embedding.port import Vectors
from retrieval.embedding.unigram import build_tokenizer

Precision = Literal["auto", "bfloat16", "float32"]

_QUERY_PREFIX = "query: "
_PASSAGE_PREFIX = "passage: "
# Measured: 1,600 to 3,200 tokens are fastest; above, activations fall out of the cache.
_BATCH_TOKENS_MAX = 2048
_QUERY_BATCH_TOKENS_MAX = 512  # of questions that came together; more would keep the first waiting
_SPECIAL_TOKENS = 2


class E5Embedder:
    """The embedder of a default install; safe to share between threads.

    `threads` is how many batches are computed at once, one core each. Queries have half as many
    of their own, so a query does not queue behind passages, and those that come at the same time
    share a pass: then each takes a third of the time, and its vector stays the same.
    """

    def __init__(
        self, path: Path | None = None, *, threads: int = 1, precision: Precision = "auto"
    ) -> None:
        query_lanes = Lanes((threads + 1) // 2, "embed-query")
        self._passage_lanes = Lanes(threads, "embed-passage")
        file = read_e5_file(path or installed_file())
        self._sizes, self._special = file.sizes, file.special
        dtype, run = _dtype(precision), compiled()
        self._encoder = query_lanes.run(
            lambda: load_encoder(file, dtype, run, packed=can_pack(dtype))
        )
        self._queries = Gatherer(query_lanes, self._encode, _QUERY_BATCH_TOKENS_MAX)
        self._tokenizer = build_tokenizer(file.vocabulary, file.special.unknown)
        self._prefix_tokens = len(self._tokenizer.encode(_PASSAGE_PREFIX.rstrip()))

    @property
    def name(self) -> str:
        """The model and the beginning of its file's hash."""
        return f"multilingual-e5-small-q4@{FILE_SHA256[:8]}"

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._sizes.hidden

    @property
    def passage_tokens_max(self) -> int:
        """What is left of the model's positions after special tokens and the prefix."""
        return self._sizes.positions - _SPECIAL_TOKENS - self._prefix_tokens

    def embed_queries(self, queries: Sequence[str]) -> Vectors:
        """Embed questions."""
        vectors = np.empty((len(queries), self.dimensions), dtype=np.float32)
        ids = self._token_ids([_QUERY_PREFIX + query for query in queries])
        for row, vector in enumerate(self._queries.encode(ids)):
            vectors[row] = vector
        return vectors

    def embed_passages(self, passages: Sequence[str]) -> Vectors:
        """Embed passages."""
        ids = self._token_ids([_PASSAGE_PREFIX + text for text in passages])
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
        return [len(encoding) for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def _token_ids(self, texts: list[str]) -> list[list[int]]:
        content_max = self._sizes.positions - _SPECIAL_TOKENS
        begin, end = self._special.begin, self._special.end
        encodings = self._tokenizer.encode_batch_fast(texts)
        return [[begin, *encoding.ids[:content_max], end] for encoding in encodings]

    def _encode(self, ids: Sequence[Sequence[int]]) -> Vectors:
        vectors: Vectors = self._encoder.encode(ids).numpy()
        return vectors


def _dtype(precision: Precision) -> torch.dtype:
    if precision == "auto":
        return torch.bfloat16 if has_fast_bfloat16() else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32
