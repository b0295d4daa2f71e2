"""The vectors of passages' sentences, computed once for a question."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qa.passages import Passage
from retrieval.embedding.port import Embedder, Vectors


class SentenceVectors:
    """Compares texts with the sentences of some passages by meaning, across languages.

    Side effects: the first comparison embeds all sentences in one batch.
    """

    def __init__(self, embedder: Embedder, passages: Sequence[Passage]) -> None:
        self._embedder = embedder
        self._passages = passages
        self._of: dict[str, Vectors] = {}
        self._last = ("", np.zeros(embedder.dimensions, dtype=np.float32))

    def similarities(self, text: str, passage: Passage) -> NDArray[np.float32]:
        """Return the cosine of `text` with each sentence of the passage, in order."""
        if not self._of:
            self._embed_all()
        similarities: NDArray[np.float32] = self._of[passage.hit.chunk_id] @ self._vector(text)
        return similarities

    def _vector(self, text: str) -> NDArray[np.float32]:
        if text != self._last[0]:  # one text is compared with all passages in a row
            self._last = (text, self._embedder.embed_queries([text])[0])
        return self._last[1]

    def _embed_all(self) -> None:
        sentences = [
            sentence for passage in self._passages for sentence in passage.titled_sentences
        ]
        vectors = self._embedder.embed_passages(sentences)
        past = 0
        for passage in self._passages:
            count = len(passage.sentences)
            self._of[passage.hit.chunk_id] = vectors[past : past + count]
            past += count
