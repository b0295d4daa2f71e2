"""The query path: from a question and a scope to the passages its asker may read."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from time import perf_counter

from retrieval.access import AccessScope
from retrieval.corpus import Chunk, Hit
from retrieval.crossing import Crossing
from retrieval.duplicates import Folding
from retrieval.embedding.port import Embedder
from retrieval.fusion import Scored, numbers
from retrieval.index import CorpusIndex
from retrieval.lexical.analysis import question_terms
from retrieval.lexical.blind import BlindTokens
from retrieval.passages import load_neighbours, load_passages
from retrieval.questions import Questions, Vector
from retrieval.ranking import ranked
from retrieval.rerank.port import Reranker
from retrieval.rerank.reranking import Timer, reranked, time_is_up
from retrieval.settings import RetrievalSettings
from retrieval.stages import Observer, ignore, stage
from retrieval.tenant_index import Candidates
from security.keyring import KeyRing
from storage.database import Database


class Retriever:
    """Finds passages; safe to share between threads.

    `observe` is told how long each stage of each search took.
    """

    def __init__(
        self,
        database: Database,
        index: CorpusIndex,
        embedder: Embedder,
        keyring: KeyRing,
        settings: RetrievalSettings,
        *,
        reranker: Reranker | None = None,
        observe: Observer = ignore,
        timer: Timer = perf_counter,
    ) -> None:
        self._database = database
        self._index = index
        waits = settings.embedding_wait_seconds_max
        self._questions = Questions(embedder, os.cpu_count() or 1, waits)
        self._keyring = keyring
        self._crossing = Crossing(embedder, settings.foreign_centre_share)
        self._settings = settings
        self._reranker = reranker if settings.rerank_weight else None
        self._observe = observe
        self._timer = timer
        self._blind_tokens: dict[str, BlindTokens] = {}

    def search(
        self,
        scope: AccessScope,
        query: str,
        limit: int,
        *,
        fold: bool = True,
        latest: int | None = None,
    ) -> list[Hit]:
        """Return up to `limit` passages that `scope` sees, best first.

        Unless `fold` is off, those that say the same come once, as copies of the best of them.
        `latest` is the number of the tenant's last change, if the caller has read it with `scope`.

        Raises:
            IndexNotReady: the index is still being built.
        """
        if scope.is_empty or not query.strip():
            return []
        with stage(self._observe, "catch_up"):
            self._index.catch_up(self._settings.catch_up_seconds_max, latest=latest)
        wanted = min(limit, self._settings.hits_max)
        with self._embedded(query) as vector:
            candidates = self._candidates(scope, query, vector)
            order = self._ordered(scope, query, ranked(candidates, query, self._settings))
            with stage(self._observe, "load"):
                return self._loaded(scope, order, wanted, fold=fold)

    def neighbours(self, scope: AccessScope, hit: Hit, *, before: int, after: int) -> list[Chunk]:
        """Return up to so many chunks before and after a hit, without it, in reading order."""
        with self._database.reading(scope.tenant_id) as session:
            return load_neighbours(session, self._keyring, scope, hit, before=before, after=after)

    @contextmanager
    def _embedded(self, query: str) -> Iterator[Vector]:
        with ExitStack() as stack:
            with stage(self._observe, "embed"):
                vector = stack.enter_context(self._questions.search(query))
            yield vector

    def _candidates(self, scope: AccessScope, query: str, vector: Vector) -> Candidates:
        queries = self._crossing.queries(query, vector)
        tokens = self._tokens(scope.tenant_id, query)
        limit = self._settings.candidates_max
        found = self._index.search(scope, queries, tokens, limit, self._observe)
        return self._crossing.adapted(query, found)

    def _tokens(self, tenant_id: str, query: str) -> Sequence[bytes]:
        words = question_terms(query)[: self._settings.query_terms_max]
        if tenant_id not in self._blind_tokens:
            with self._database.reading(tenant_id) as session:
                key = self._keyring.tenant(session, tenant_id).blind_token_key
            # Kept for good: it outlives every version, and once the tenant is erased, nothing is
            # left that its tokens could find.
            self._blind_tokens[tenant_id] = BlindTokens(key)
        return self._blind_tokens[tenant_id].tokens(words)

    def _ordered(self, scope: AccessScope, query: str, fused: Scored) -> list[int]:
        """Have the best candidates read again if there is a reranker."""
        if self._reranker is None:
            return numbers(fused)
        with stage(self._observe, "rerank"):
            is_late = time_is_up(self._timer, self._settings.rerank_milliseconds_max)
            best = numbers(fused[: self._settings.rerank_candidates_max])
            # Access is checked from the rows before anything is read, and again when hits are made.
            with self._database.reading(scope.tenant_id) as session:
                passages = load_passages(session, self._keyring, scope, best)
            texts = {number: one.chunk.embedded_text for number, one in passages.items()}
            scores = self._reranker.scores(query, [*texts.values()], is_late)
        found = {} if scores is None else dict(zip(texts, scores, strict=True))
        return reranked(fused, found, self._settings.rerank_weight)

    def _loaded(
        self, scope: AccessScope, candidates: Sequence[int], limit: int, *, fold: bool
    ) -> list[Hit]:
        """Open candidates until there are enough: some may be hidden, gone or copies by now."""
        similarity_min = self._settings.duplicate_similarity_min if fold else None
        folding = Folding(limit, self._settings.copies_max, similarity_min)
        with self._database.reading(scope.tenant_id) as session:
            for start in range(0, len(candidates), limit):
                if folding.is_full:
                    break
                some = candidates[start : start + limit]
                passages = load_passages(session, self._keyring, scope, some)
                for number in filter(passages.__contains__, some):
                    folding.add(passages[number])
        return folding.hits()
