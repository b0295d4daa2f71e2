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
from retrieval.embedding.bert import load_encoder
from retrieval.embedding.e5_file import FILE_SHA256, installed_file, read_e5_file
from retrieval.embedding.lanes import Lanes
from retrieval.embedding.port import Vectors
from retrieval.embedding.unigram import build_tokenizer

Precision = Literal["auto", "bfloat16", "float32"]

_QUERY_PREFIX = "query: "
_PASSAGE_PREFIX = "passage: "
# Measured: 1,600 to 3,200 tokens are fastest; above, activations fall out of the cache.
_BATCH_TOKENS_MAX = 2048
_SPECIAL_TOKENS = 2


class E5Embedder:
    """The embedder of a default install; safe to share between threads.

    `threads` is how many batches are computed at once, one core each. Queries have threads of
    their own, so a query does not queue behind passages.
    """

    def __init__(
        self, path: Path | None = None, *, threads: int = 1, precision: Precision = "auto"
    ) -> None:
        self._query_lanes = Lanes(threads, "embed-query")
        self._passage_lanes = Lanes(threads, "embed-passage")
        file = read_e5_file(path or installed_file())
        self._sizes, self._special = file.sizes, file.special
        self._encoder = self._query_lanes.run(lambda: load_encoder(file, _dtype(precision)))
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
        return self._embed(_QUERY_PREFIX, queries, self._query_lanes)

    def embed_passages(self, passages: Sequence[str]) -> Vectors:
        """Embed passages."""
        return self._embed(_PASSAGE_PREFIX, passages, self._passage_lanes)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count tokens without prefix and special tokens."""
        return [len(encoding) for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def _embed(self, prefix: str, texts: Sequence[str], lanes: Lanes) -> Vectors:
        ids = self._token_ids([prefix + text for text in texts])
        batches = list(batches_by_length([len(row) for row in ids], _BATCH_TOKENS_MAX))
        vectors = np.empty((len(ids), self.dimensions), dtype=np.float32)
        encoded = lanes.map(lambda batch: self._encode([ids[index] for index in batch]), batches)
        for batch, rows in zip(batches, encoded, strict=True):
            vectors[batch] = rows
        return vectors

    def _token_ids(self, texts: list[str]) -> list[list[int]]:
        content_max = self._sizes.positions - _SPECIAL_TOKENS
        begin, end = self._special.begin, self._special.end
        encodings = self._tokenizer.encode_batch_fast(texts)
        return [[begin, *encoding.ids[:content_max], end] for encoding in encodings]

    def _encode(self, ids: list[list[int]]) -> Vectors:
        lengths = torch.tensor([len(row) for row in ids])
        padded = torch.full((len(ids), int(lengths.max())), self._special.pad)
        for row, row_ids in zip(padded, ids, strict=True):
            row[: len(row_ids)] = torch.tensor(row_ids)
        vectors: Vectors = self._encoder.encode(padded, lengths).numpy()
        return vectors


def _dtype(precision: Precision) -> torch.dtype:
    if precision == "auto":
        return torch.bfloat16 if has_fast_bfloat16() else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def has_fast_bfloat16() -> bool:
    """Say whether this processor multiplies bfloat16 in hardware; others emulate it, slowly."""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("amx_bf16", "avx512_bf16", "bf16"))
