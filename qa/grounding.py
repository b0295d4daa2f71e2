"""Does a passage say what a sentence says, and where exactly?"""

import re
from collections.abc import Sequence
from typing import Final

from qa.language import language_of
from qa.numbers import numbers_claimed
from qa.passages import Passage, Support, Window, share
from qa.settings import GroundingThresholds
from qa.vectors import SentenceVectors
from qa.verbatim import is_short, stands_in
from qa.words import content_terms, names, negation_differs

_QUESTION_WEIGHT: Final = 0.2
"""Between places that say the same, the one that also speaks of the question is quoted."""
_QUOTED_SENTENCES_MAX: Final = 4
"""A list that was cut at its semicolons counts as several."""
_CHOICE: Final = re.compile(r"\bor\b|还是|還是|或", re.IGNORECASE)


class Grounding:
    """Checks sentences against the passages of one question."""

    def __init__(
        self,
        question: str,
        passages: Sequence[Passage],
        vectors: SentenceVectors,
        thresholds: GroundingThresholds,
    ) -> None:
        self._passages = passages
        self._question_terms = content_terms(question)
        self._question_numbers = numbers_claimed(question)
        self._offers_choice = bool(_CHOICE.search(question))
        self._thresholds = thresholds
        self._vectors = vectors

    def verbatim(self, words: str, cited: frozenset[str]) -> Support | None:
        """Return the sentence that holds `words` as they are, or None when none does.

        `cited` are ids of chunks: words that stand in one of these need not be sought elsewhere.
        """
        if self._answers_nothing(words):
            return None
        first = [one for one in self._passages if one.is_of(cited)]
        rest = [one for one in self._passages if not one.is_of(cited)]
        return self._best_holder(words, first) or self._best_holder(words, rest)

    def _answers_nothing(self, words: str) -> bool:
        """Whether it only repeats the question, unless that named what to choose from."""
        claimed = content_terms(words)
        return not claimed or (not self._offers_choice and claimed <= self._question_terms)

    def _best_holder(self, words: str, passages: Sequence[Passage]) -> Support | None:
        found = (self._holder(words, one) for one in passages if stands_in(words, one.whole_text))
        return max(filter(None, found), key=lambda support: support.score, default=None)

    def _holder(self, words: str, passage: Passage) -> Support | None:
        """Quote as few sentences as hold the words; among these, what speaks of the question."""
        for count in range(1, _QUOTED_SENTENCES_MAX + 1):
            runs = ((run, passage.text(*run)) for run in passage.runs(count))
            scored = [
                (share(self._question_terms, content_terms(text)), run)
                for run, text in runs
                if stands_in(words, text)
            ]
            if scored:
                score, (start, end) = max(scored, key=lambda pair: pair[0])
                return passage.place(start, end, score - count)
        return None

    def support(self, sentence: str) -> Support | None:
        """Return the best place that says what `sentence` says, or None when none does.

        A sentence that only repeats the words of the question answers nothing: None as well.
        """
        claimed = content_terms(sentence)
        if claimed <= self._question_terms:
            return None
        found = (self._in_passage(sentence, claimed, passage) for passage in self._passages)
        return max(filter(None, found), key=lambda support: support.score, default=None)

    def _in_passage(
        self, sentence: str, claimed: frozenset[str], passage: Passage
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
        passage: Passage,
        windows: Sequence[Window],
    ) -> Support | None:
        if share(claimed, passage.terms) < self._thresholds.coverage_min:
            return None
        if is_short(sentence):
            windows = _held_whole(sentence, claimed, windows)
            if not windows:
                return None
        new = claimed - self._question_terms
        scored = [(self._window_score(claimed, new, window), window) for window in windows]
        score, window = max(scored, key=lambda pair: pair[0])
        if share(new, window.terms) < self._thresholds.new_coverage_min:
            return None
        if negation_differs(sentence, passage.text(window.start, window.end)):
            return None
        return passage.support(window, score)

    def _window_score(self, claimed: frozenset[str], new: frozenset[str], window: Window) -> float:
        asked = share(self._question_terms, window.terms)
        said = (share(claimed, window.terms) + share(new, window.terms)) / 2
        return said + _QUESTION_WEIGHT * asked - window.cost

    def _by_meaning(
        self, sentence: str, passage: Passage, windows: Sequence[Window]
    ) -> Support | None:
        """Compare across languages by the vectors of sentences."""
        similarities = self._vectors.similarities(sentence, passage)
        scored = [
            (float(similarity), window)
            for window, similarity in zip(passage.windows, similarities, strict=False)
            if window in windows
        ]
        score, window = max(scored, key=lambda pair: pair[0], default=(0.0, None))
        if window is None or score < self._similarity_min(sentence):
            return None
        return passage.support(window, score)

    def _similarity_min(self, sentence: str) -> float:
        """A number that stands in both is evidence of its own, unless the question gave it."""
        if numbers_claimed(sentence) - self._question_numbers:
            return self._thresholds.similarity_with_numbers_min
        return self._thresholds.similarity_min


def _held_whole(sentence: str, claimed: frozenset[str], windows: Sequence[Window]) -> list[Window]:
    """Keep single sentences that hold every word of a short answer.

    Few words fit many places by chance, and a number says something only beside its neighbours, so
    one that does not stand there word for word is not supported.
    """
    if numbers_claimed(sentence):
        return []
    return [window for window in windows if not window.cost and claimed <= window.terms]
