"""Search over a corpus in memory, from question to hits, as answers ask for it."""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from benchmarks.quality_corpora import BLIND, SCOPE, Corpus, CutDocument, index_of
from benchmarks.vector_cache import CachedEmbedder
from retrieval.access import AccessScope
from retrieval.corpus import Chunk, DocumentVersion, Hit
from retrieval.crossing import Crossing
from retrieval.duplicates import Folding
from retrieval.fusion import numbers
from retrieval.lexical.analysis import question_terms
from retrieval.passages import Passage
from retrieval.ranking import ranked
from retrieval.settings import RetrievalSettings
from retrieval.stages import ignore


class Shelf:
    """Stands where the product has its `Retriever`: no rows, no rights, the same ranking."""

    def __init__(self, corpus: Corpus, embedder: CachedEmbedder) -> None:
        self._settings = RetrievalSettings()
        self._places = corpus.places()
        self._chunks = {document.id: document.chunks for document in corpus.documents}
        self._embedder = embedder
        self._index = index_of(corpus, embedder, self._settings)
        self._crossing = Crossing(embedder, self._settings.foreign_centre_share)

    def search(self, _scope: AccessScope, query: str, limit: int) -> list[Hit]:
        """Return the best passages, copies behind the first of their kind."""
        settings = self._settings
        vector = self._embedder.embed_queries([query])[0].astype(np.float32)
        tokens = BLIND.tokens(question_terms(query)[: settings.query_terms_max])
        queries = self._crossing.queries(query, vector)
        found = self._index.search(SCOPE, queries, tokens, settings.candidates_max, ignore)
        order = numbers(ranked(self._crossing.adapted(query, found), query, settings))
        folding = Folding(limit, settings.copies_max, settings.duplicate_similarity_min)
        for number in order:
            if folding.is_full:
                break
            folding.add(_passage(number, *self._places[number]))
        return folding.hits()

    def neighbours(
        self, _scope: AccessScope, hit: Hit, *, before: int, after: int
    ) -> Sequence[Chunk]:
        """Return up to so many chunks around a hit."""
        place, chunks = hit.chunk.ordinal, self._chunks[hit.document_id]
        return [*chunks[max(0, place - before) : place], *chunks[place + 1 : place + 1 + after]]


def _passage(number: int, document: CutDocument, chunk: Chunk) -> Passage:
    digest = sha256(chunk.embedded_text.encode()).hexdigest()
    name = f"{document.name}.pdf"
    return Passage(number, document.id, name, DocumentVersion(1, digest), digest, chunk)
