"""Recall of the vector index against all inner products, in process."""

from collections.abc import Sequence
from functools import partial
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.scale_corpus import CHUNKS_A_DOCUMENT, SHARES, Mixer, Source
from retrieval.embedding.port import Embedder, Vectors
from retrieval.scripts import script_of
from retrieval.settings import RetrievalSettings
from retrieval.vectors.centres import centre_of
from retrieval.vectors.faiss_store import DocumentVectors, FaissStore

_NEAREST: Final = 10
_ASKED_FOR: Final = RetrievalSettings().candidates_max
_BLOCK: Final = 50_000
_LANGUAGES: Final = ("en", "zh")
_CLASSES: Final = {one: number for number, one in enumerate(product(SHARES, _LANGUAGES), start=1)}


class _Corpus:
    """The vectors of the made-up chunks, in the product's indexes and as an array."""

    def __init__(self, sources: Sequence[Source], chunks: int, embedder: Embedder) -> None:
        self.stores = {
            language: FaissStore(
                embedder.dimensions,
                RetrievalSettings(),
                partial(centre_of, embedder, script_of(language)),
            )
            for language in _LANGUAGES
        }
        self.vectors = np.zeros((chunks, embedder.dimensions), np.float16)
        self.classes = np.zeros(chunks, np.int8)
        for made in Mixer(sources).documents(0, chunks // CHUNKS_A_DOCUMENT):
            ids = np.arange(CHUNKS_A_DOCUMENT) + made.number * CHUNKS_A_DOCUMENT
            self.vectors[ids] = made.vectors
            self.classes[ids] = number = _CLASSES[made.share, made.language]
            held = DocumentVectors(number, ids, self.vectors[ids])
            self.stores[made.language].put(str(made.number), held)

    def scores(self, queries: Vectors) -> NDArray[np.float32]:
        """Return all inner products, shape (queries, chunks)."""
        starts = range(0, len(self.vectors), _BLOCK)
        blocks = (self.vectors[start : start + _BLOCK].astype(np.float32) for start in starts)
        return np.concatenate([queries @ block.T for block in blocks], axis=1)


def recall_at_10(
    sources: Sequence[Source], chunks: int, embedder: Embedder, queries: Vectors
) -> dict[str, float]:
    """Return by the percentage that is visible which part of the ten nearest is found.

    As the product does, each language is searched by itself; the mean is over both.
    """
    corpus = _Corpus(sources, chunks, embedder)
    scores = corpus.scores(queries)
    found: dict[str, float] = {}
    for share in SHARES:
        shares = [_recall(corpus, queries, scores, share, one) for one in _LANGUAGES]
        found[str(share)] = float(np.nanmean(shares))
    return found


def _recall(
    corpus: _Corpus, queries: Vectors, scores: NDArray[np.float32], share: int, language: str
) -> float:
    visible = np.zeros(len(_CLASSES) + 1, np.bool_)
    visible[[_CLASSES[least, language] for least in SHARES if least <= share]] = True
    seen = np.flatnonzero(visible[corpus.classes])
    if not len(seen):
        return float("nan")
    wanted, parts = min(_NEAREST, len(seen)), []
    for query, all_scores in zip(queries, scores, strict=True):
        nearest_first = np.argpartition(-all_scores[seen], wanted - 1)
        best = seen[nearest_first[:wanted]].tolist()
        nearest = corpus.stores[language].search(query, visible, _ASKED_FOR)[:wanted]
        parts.append(len({chunk for chunk, _ in nearest} & set(best)) / wanted)
    return float(np.mean(parts))
