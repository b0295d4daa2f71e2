"""A small lexical ranking, to find passages that look like the answer and are not.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from retrieval.lexical.analysis import terms

_K1: Final = 0.9
_B: Final = 0.4


class Bm25:
    """Ranks some texts for a query, all in memory."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(terms(text)) for text in texts]
        lengths = [count.total() for count in counts]
        mean = sum(lengths) / max(1, len(lengths)) or 1.0
        self._costs = [_K1 * (1 - _B + _B * length / mean) for length in lengths]
        self._postings: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for index, count in enumerate(counts):
            for term, times in count.items():
                self._postings[term].append((index, times))

    def ranked(self, query: str) -> list[int]:
        """Return the indexes of the texts that share a term with the query, best first."""
        scores: defaultdict[int, float] = defaultdict(float)
        for term in set(terms(query)):
            postings = self._postings.get(term, [])
            for index, times in postings:
                weight = times * (_K1 + 1) / (times + self._costs[index])
                scores[index] += self._rarity(len(postings)) * weight
        return sorted(scores, key=lambda index: (-scores[index], index))

    def _rarity(self, holders: int) -> float:
        return math.log(1 + (len(self._costs) - holders + 0.5) / (holders + 0.5))
