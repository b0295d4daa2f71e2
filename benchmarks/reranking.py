"""A reranker as the product asks it, and how long each question takes."""

from collections.abc import Sequence
from time import perf_counter

import numpy as np

from retrieval.fusion import Scored
from retrieval.rerank.port import Reranker
from retrieval.rerank.reranking import reranked, time_is_up
from retrieval.settings import RetrievalSettings


class TimedReranking:
    """Orders candidates anew; remembers each question's time until `times` is asked."""

    def __init__(self, reranker: Reranker, settings: RetrievalSettings) -> None:
        self._reranker = reranker
        self._settings = settings
        self._milliseconds: list[float] = []
        self._late = 0

    def order(self, question: str, fused: Scored, texts: Sequence[str]) -> list[int]:
        """Return chunk numbers, best first; the order from before if it got late."""
        read = [chunk for chunk, _ in fused[: self._settings.rerank_candidates_max]]
        started = perf_counter()
        is_late = time_is_up(perf_counter, self._settings.rerank_milliseconds_max)
        scores = self._reranker.scores(question, [texts[chunk] for chunk in read], is_late)
        self._milliseconds.append(1000 * (perf_counter() - started))
        self._late += scores is None
        found = {} if scores is None else dict(zip(read, scores, strict=True))
        return reranked(fused, found, self._settings.rerank_weight)

    def times(self) -> str:
        """Return median and 95th percentile in milliseconds and how many were late; forget them."""
        median, most = np.percentile(self._milliseconds, (50, 95))
        text = f"   {median:.0f} / {most:.0f} ms, {self._late} late"
        self._milliseconds, self._late = [], 0
        return text
