"""Vectors kept on disk by what they were made from: an experiment embeds only what is new."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np

from retrieval.embedding.port import Embedder, Vectors

_AT_ONCE: Final = 256
_STORED: Final = np.dtype("<f2")  # as the product keeps them


class CachedEmbedder:
    """An `Embedder` that asks another one only for texts which no file of the cache holds.

    What is computed is kept batch by batch: a run that was stopped is taken up where it ended.
    """

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self._embedder = embedder
        self.name = embedder.name
        self.dimensions = embedder.dimensions
        self.passage_tokens_max = embedder.passage_tokens_max
        self.count_tokens = embedder.count_tokens
        folder.mkdir(parents=True, exist_ok=True)
        self._rows = sqlite3.connect(folder / "vectors.sqlite", isolation_level=None)
        self._rows.execute("pragma journal_mode=wal")
        self._rows.execute("create table if not exists vectors (key blob primary key, vector blob)")

    def embed_queries(self, queries: Sequence[str]) -> Vectors:
        """Embed questions."""
        return self._embed("query", queries, self._embedder.embed_queries)

    def embed_passages(self, passages: Sequence[str]) -> Vectors:
        """Embed passages."""
        return self._embed("passage", passages, self._embedder.embed_passages)

    def _embed(
        self, kind: str, texts: Sequence[str], embed: Callable[[Sequence[str]], Vectors]
    ) -> Vectors:
        keys = [sha256("\0".join((self.name, kind, text)).encode()).digest() for text in texts]
        missing = {
            key: text for key, text in zip(keys, texts, strict=True) if self._get(key) is None
        }
        for batch in _batches([*missing.items()]):
            vectors = embed([text for _, text in batch]).astype(_STORED)
            stored = [(key, row.tobytes()) for (key, _), row in zip(batch, vectors, strict=True)]
            self._rows.executemany("insert or ignore into vectors values (?, ?)", stored)
        found = np.empty((len(keys), self.dimensions), np.float32)
        for number, key in enumerate(keys):
            found[number] = np.frombuffer(self._get(key) or b"", _STORED)
        return found

    def _get(self, key: bytes) -> bytes | None:
        row = self._rows.execute("select vector from vectors where key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])


def _batches(items: Sequence[tuple[bytes, str]]) -> Iterator[Sequence[tuple[bytes, str]]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
