"""Any sentence-transformers model from a local folder; nothing is ever downloaded."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.embedding.errors import EmbeddingModelInvalid, EmbeddingModelUnavailable
from retrieval.embedding.lanes import Lanes
from retrieval.embedding.port import Vectors
from retrieval.embedding.settings import EmbeddingSettings

_SPECIAL_TOKENS = 2


class SentenceTransformersEmbedder:
    """A model of the optional package sentence-transformers.

    The library's objects are not safe to share, so one thread runs them and others wait for it.
    """

    def __init__(self, settings: EmbeddingSettings) -> None:
        self._settings = settings
        self._folder = Path(settings.folder or "")
        self._lane = Lanes(1, "embed")
        self._model = self._lane.run(lambda: _load(self._folder))
        self._dimensions = int(self._encode(["?"]).shape[1])

    @property
    def name(self) -> str:
        """The folder's name."""
        return self._folder.name

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._dimensions

    @property
    def passage_tokens_max(self) -> int:
        """The model's own limit, less special tokens and the prefix."""
        prefix_tokens = self.count_tokens([self._settings.passage_prefix])[0]
        return int(self._model.max_seq_length) - _SPECIAL_TOKENS - prefix_tokens

    def embed_queries(self, queries: Sequence[str]) -> Vectors:
        """Embed questions."""
        return self._embed([self._settings.query_prefix + query for query in queries])

    def embed_passages(self, passages: Sequence[str]) -> Vectors:
        """Embed passages."""
        return self._embed([self._settings.passage_prefix + passage for passage in passages])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count with the model's own tokenizer."""
        return self._lane.run(lambda: self._count(list(texts)))

    def _count(self, texts: list[str]) -> list[int]:
        if not texts:
            return []
        encoded = self._model.tokenizer(texts, add_special_tokens=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def _embed(self, texts: list[str]) -> Vectors:
        return self._encode(texts) if texts else np.empty((0, self._dimensions), np.float32)

    def _encode(self, texts: list[str]) -> Vectors:
        vectors = self._lane.run(
            lambda: self._model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        )
        return np.asarray(vectors, dtype=np.float32)


def _load(folder: Path) -> Any:
    try:
        library = import_module("sentence_transformers")
    except ImportError as error:
        raise EmbeddingModelUnavailable(
            'Run `pip install "sourcebook[sentence-transformers]"` to use such a model.'
        ) from error
    if not folder.is_dir():
        raise EmbeddingModelUnavailable("The embedding model's folder does not exist.")
    try:
        return library.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except (OSError, ValueError) as error:
        raise EmbeddingModelInvalid("The folder holds no sentence-transformers model.") from error
