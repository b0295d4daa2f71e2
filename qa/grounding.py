"""Does a passage say what a sentence says, and where exactly?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qa.language import language_of
from qa.numbers import numbers_claimed, numbers_held, specific
from qa.sentences import sentence_spans
from qa.settings import GroundingThresholds
from qa.words import content_terms, names, negation_differs, unknown_names
from retrieval.corpus import Hit
from retrieval.embedding.port import Embedder, Vectors

_SECOND_SENTENCE_COST: Final = 0.15
"""A quote of two sentences must cover this much more of the claim than one sentence does."""
_ASKED_WEIGHT: Final = 0.2
"""How much the question's own words count beside meaning when a sentence is quoted as answer."""
_QUESTION_WEIGHT: Final = 0.2
"""Between places that say the same, the one that also speaks of the question is quoted."""


@dataclass(frozen=True, slots=True)
class Support:
    """The place that says what a sentence says: `quote` is `document_text[start:end]`."""

    hit: Hit
    start: int
    end: int
    quote: str
    score: float


@dataclass(frozen=True, slots=True)
class _Window:
    """One sentence of a passage or two in a row."""

    start: int
    end: int
    terms: frozenset[str]
    numbers: frozenset[str]
    cost: float


class _Passage:
    """A passage cut into sentences, with what comparing needs, computed when first used."""

    def __init__(self, hit: Hit) -> None:
        self.hit = hit
        self.spans = tuple(sentence_spans(hit.chunk.text))
        self.language = language_of(hit.chunk.text)
        context = "\n".join((hit.document_name, *hit.chunk.heading_path))
        self._whole = f"{context}\n{hit.chunk.text}"
        self._context_numbers = numbers_held(context)

    def text(self, start: int, end: int) -> str:
        return self.hit.chunk.text[start:end]

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        return tuple(self.text(start, end) for start, end in self.spans)

    @cached_property
    def terms(self) -> frozenset[str]:
        """Those of the passage, its headings and the document's name."""
        return content_terms(self._whole)

    def missing(self, claimed: frozenset[str]) -> frozenset[str]:
        """Return the names that it does not hold; Chinese text spells foreign names its own way."""
        return frozenset() if self.language == "zh" else unknown_names(claimed, self.terms)

    @cached_property
    def numbers(self) -> frozenset[str]:
        return numbers_held(self._whole)

    @cached_property
    def windows(self) -> tuple[_Window, ...]:
        """All single sentences in order, then all pairs."""
        pairs = ((one, two) for (one, _), (_, two) in pairwise(self.spans))
        return (
            *(self._window(start, end, 0.0) for start, end in self.spans),
            *(self._window(start, end, _SECOND_SENTENCE_COST) for start, end in pairs),
        )

    def _window(self, start: int, end: int, cost: float) -> _Window:
        text = self.text(start, end)
        return _Window(
            start, end, content_terms(text), self._context_numbers | numbers_held(text), cost
        )

    def support(self, window: _Window, score: float) -> Support:
        offset = self.hit.chunk.start
        return Support(
            hit=self.hit,
            start=offset + window.start,
            end=offset + window.end,
            quote=self.text(window.start, window.end),
            score=score,
        )


class Grounding:
    """Checks sentences against the passages of one question."""

    def __init__(
        self,
        question: str,
        hits: Sequence[Hit],
        embedder: Embedder,
        thresholds: GroundingThresholds,
    ) -> None:
        self._question_terms = content_terms(question)
        self._question = question
        self._asked_names = names(question)
        self._asked_numbers = specific(numbers_claimed(question))
        self._passages = tuple(filter(self._may_answer, map(_Passage, hits)))
        self._embedder = embedder
        self._thresholds = thresholds
        self._vectors: dict[str, Vectors] = {}

    def support(self, sentence: str) -> Support | None:
        """Return the best place that says what `sentence` says, or None when none does."""
        claimed = content_terms(sentence)
        if not claimed:
            return None
        found = (self._in_passage(sentence, claimed, passage) for passage in self._passages)
        return max(filter(None, found), key=lambda support: support.score, default=None)

    @property
    def is_hopeless(self) -> bool:
        """Whether a name or a year of the question stands in no passage, or there is none."""
        numbers = frozenset[str]().union(*(passage.numbers for passage in self._passages))
        return (
            not self._passages
            or bool(frozenset.intersection(*map(self._missing_names, self._passages)))
            or not self._asked_numbers <= numbers
        )

    def quotation(self) -> Support | None:
        """Return the sentence that answers the question by itself, if one clearly does."""
        best = max(
            (found for passage in self._passages for found in self._answering(passage)),
            key=lambda support: support.score,
            default=None,
        )
        return best if best and best.score >= self._thresholds.quotation_min else None

    def _may_answer(self, passage: _Passage) -> bool:
        """Leave out passages that hold none of the names or years asked about.

        One is enough: a question that compares two things may need a passage on each.
        """
        named = not self._asked_names or self._missing_names(passage) != self._asked_names
        return named and (not self._asked_numbers or bool(self._asked_numbers & passage.numbers))

    def _missing_names(self, passage: _Passage) -> frozenset[str]:
        return passage.missing(self._asked_names)

    def _answering(self, passage: _Passage) -> Iterator[Support]:
        """Score each sentence as an answer: meaning, plus the share of the question's words."""
        similarities = self._sentence_vectors(passage) @ self._question_vector
        for window, similarity in zip(passage.windows, similarities, strict=False):
            asked = _share(self._question_terms, window.terms)
            yield passage.support(window, float(similarity) + _ASKED_WEIGHT * asked)

    def _in_passage(
        self, sentence: str, claimed: frozenset[str], passage: _Passage
    ) -> Support | None:
        if passage.missing(names(sentence)):
            return None
        numbers = numbers_claimed(sentence)
        windows = [window for window in passage.windows if numbers <= window.numbers]
        if not windows:
            return None
        if language_of(sentence) != passage.language:
            return self._by_meaning(sentence, passage, windows)
        return self._by_words(sentence, claimed, passage, windows)

    def _by_words(
        self,
        sentence: str,
        claimed: frozenset[str],
        passage: _Passage,
        windows: Sequence[_Window],
    ) -> Support | None:
        if _share(claimed, passage.terms) < self._thresholds.coverage_min:
            return None
        new = (claimed - self._question_terms) or claimed
        scored = [(self._window_score(claimed, new, window), window) for window in windows]
        score, window = max(scored, key=lambda pair: pair[0])
        if _share(new, window.terms) < self._thresholds.new_coverage_min:
            return None
        if negation_differs(sentence, passage.text(window.start, window.end)):
            return None
        return passage.support(window, score)

    def _window_score(self, claimed: frozenset[str], new: frozenset[str], window: _Window) -> float:
        asked = _share(self._question_terms, window.terms)
        said = (_share(claimed, window.terms) + _share(new, window.terms)) / 2
        return said + _QUESTION_WEIGHT * asked - window.cost

    def _by_meaning(
        self, sentence: str, passage: _Passage, windows: Sequence[_Window]
    ) -> Support | None:
        """Compare across languages by the vectors of sentences."""
        similarities = self._sentence_vectors(passage) @ self._embed([sentence])[0]
        scored = [
            (float(similarity), window)
            for window, similarity in zip(passage.windows, similarities, strict=False)
            if window in windows
        ]
        score, window = max(scored, key=lambda pair: pair[0], default=(0.0, None))
        if window is None or score < self._thresholds.similarity_min:
            return None
        return passage.support(window, score)

    def _sentence_vectors(self, passage: _Passage) -> Vectors:
        key = passage.hit.chunk_id
        if key not in self._vectors:
            self._vectors[key] = self._embed(passage.sentences)
        return self._vectors[key]

    @cached_property
    def _question_vector(self) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self._embed([self._question])[0]
        return vector

    def _embed(self, sentences: Sequence[str]) -> Vectors:
        # Symmetric comparison: e5 asks for the query prefix on both sides.
        return self._embedder.embed_queries(sentences)


def _share(part: frozenset[str], whole: frozenset[str]) -> float:
    return len(part & whole) / len(part) if part else 0.0
