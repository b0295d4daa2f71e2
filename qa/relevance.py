"""Which sentences of the passages speak of what is asked.

Across languages plain cosines are compared, though search takes what all texts of a language share
out of a question (`retrieval.crossing`). Done here as well, it put the right passage first hardly
more often (of 100 Chinese questions on English pages 94 instead of 93, the other way round 83 as
before). At the score that 95 % of answerable questions reach, 73 instead of 80 % and 78 instead of
77 % of those without an answer pass, too: a gain one way only, for thresholds that would all have
to be chosen anew.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Final

from qa.asked_kind import holds_asked, kind_asked, may_answer
from qa.language import language_of
from qa.numbers import numbers_claimed, years
from qa.passages import Passage, Support, is_row, joined, share
from qa.text import without_path
from qa.vectors import SentenceVectors
from qa.words import content_terms, names_asked, unknown_names
from qa.years import of_asked_year
from retrieval.corpus import Hit, with_copies
from retrieval.embedding.port import Embedder

_ASKED_WEIGHT: Final = 0.3
"""How much the question's own words count beside the similarity of meaning."""
_ASKED_ELSEWHERE: Final = 0.4
"""Taken as the share of the question's words in a sentence of another language."""
_WORDS_OF_A_SENTENCE: Final = 5
"""Headings and cells are shorter: in vector space they lie near every question, and say little."""
_RANK_COST: Final = 0.01
"""What search put first is a little more likely to hold the answer; small against the rest."""

_SENTENCE_ENDS: Final = tuple(".!?。！？…")
_QUOTED_CHARACTERS_MAX: Final = 400
"""Longer "sentences" are tables and lists that lost their line breaks: no answer for a reader."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The sentences of a passage that the model is shown; `hit` holds the `best` of them."""

    hit: Hit
    sentences: tuple[str, ...]
    best: int = 0

    @property
    def text(self) -> str:
        """What is shown; rows stand on lines of their own."""
        shown = self.sentences[0]
        for before, after in pairwise(self.sentences):
            shown += f"\n{after}" if is_row(before) or is_row(after) else f" {after}"
        return shown

    def shorter(self) -> "Excerpt | None":
        """Return it without the sentence farthest from the best one, None if that is all."""
        if len(self.sentences) == 1:
            return None
        if self.best < len(self.sentences) - self.best - 1:
            return replace(self, sentences=self.sentences[:-1])
        return replace(self, sentences=self.sentences[1:], best=self.best - 1)


@dataclass(frozen=True, slots=True)
class _Candidate:
    score: float
    passage: Passage
    index: int


class Relevance:
    """Ranks the sentences of a question's passages; embeds them once, when first asked.

    `mentions` are passages that hold the question's names: a report names its company on the
    cover, not on the page that answers.
    """

    def __init__(
        self,
        question: str,
        hits: Sequence[Hit],
        embedder: Embedder,
        mentions: Sequence[Hit] = (),
    ) -> None:
        self._terms = content_terms(question)
        self._question = question
        self._asked_last = question.splitlines()[-1]
        self._language = language_of(question)
        self._names = content_terms(" ".join(names_asked(question)))
        self._years = years(numbers_claimed(question))
        self._mentioned = [Passage(hit) for hit in mentions]
        self.passages = tuple(self._standing(hits))
        self.vectors = SentenceVectors(embedder, self.passages)

    @property
    def is_hopeless(self) -> bool:
        """Whether no passage is left that could speak of what is asked."""
        return not self.passages

    @property
    def best_score(self) -> float:
        """How well the best sentence fits the question, from about 0.8 (by no means) to 1.3."""
        return self._ranked[0].score if self._ranked else 0.0

    def count_near_best(self, margin: float) -> int:
        """Count the sentences that fit about as well as the best one, and that one."""
        return sum(one.score >= self.best_score - margin for one in self._ranked)

    def excerpts(self, sentences_max: int) -> Sequence[Excerpt]:
        """Return the best sentences, each with its neighbours, grouped by passage, best first.

        A row comes with the header of its table, without which its numbers mean nothing.
        """
        shown: dict[str, tuple[_Candidate, set[int]]] = {}
        for best in self._ranked[:sentences_max]:
            _, chosen = shown.setdefault(best.passage.hit.chunk_id, (best, set()))
            around = range(max(0, best.index - 1), best.index + 2)
            chosen.update(index for index in around if index < len(best.passage.sentences))
            chosen.update(best.passage.header_of(best.index))
        return [_excerpt(best, sorted(chosen)) for best, chosen in shown.values()]

    def quotation(
        self, score_min: float, elsewhere_min: float, *, denied: bool = False
    ) -> Support | None:
        """Return the sentence that answers best, unless it scores too low; no heading answers.

        `elsewhere_min` holds for a sentence in another language than the question's; once the
        model `denied` that there is an answer, only a number or a time asked for tells otherwise.
        """
        best = next((c for c in self._ranked if not c.passage.is_heading(c.index)), None)
        if best is None:
            return None
        own = best.passage.language == self._language
        window = best.passage.windows[best.index]
        fits = window.end - window.start <= _QUOTED_CHARACTERS_MAX
        if denied and not own and kind_asked(self._asked_last) not in {"number", "time"}:
            return None
        if fits and best.score >= (score_min if own else elsewhere_min) and self._answers(best):
            return best.passage.support(window, best.score)
        return None

    def _answers(self, candidate: _Candidate) -> bool:
        """Whether a sentence holds what is asked for, of the years asked about.

        One in another language must be a whole sentence: the question's words, which would tell
        that a cell speaks of them, cannot be looked for in it.
        """
        passage, index = candidate.passage, candidate.index
        sentence = passage.sentences[index]
        if not holds_asked(self._asked_last, sentence):
            return False
        if of_asked_year(sentence, passage, index, self._years) is None:
            return False
        return passage.language == self._language or (
            sentence.endswith(_SENTENCE_ENDS) and not is_row(sentence)
        )

    def of_asked_year(self, words: str, support: Support) -> str | None:
        """Return an answer's words, or what stands in their place for the year asked about.

        None when neither can be an answer.
        """
        if not may_answer(self._asked_last, words):
            return None
        for passage in self.passages:
            if passage.is_of({support.hit.chunk_id}):
                index = passage.index_of(support)
                return of_asked_year(words, passage, index, self._years)
        return words

    def without_path(self, sentence: str) -> str:
        """Drop a passage's name and headings from the start of a sentence."""
        for passage in self.passages:
            for part in passage.parts:
                sentence = without_path(sentence, part.document_name, part.chunk.heading_path)
        return sentence

    def speaks_of_question(self, support: Support, margin: float) -> bool:
        """Whether a sentence rests on a place that fits the question about as well as any does.

        A small model that misses the answer tends to repeat something true from elsewhere.
        """
        return any(
            candidate.score >= self.best_score - margin
            for candidate in self._ranked
            if candidate.passage.is_of({support.hit.chunk_id})
            and candidate.passage.is_near(candidate.index, support)
        )

    def _standing(self, hits: Sequence[Hit]) -> Iterator[Passage]:
        """Yield what may answer; of a passage and its copies, the first that may.

        Neighbours are joined: what stands side by side is shown as one.
        """
        found = (
            next((one for one in with_copies(hit) if self._may_answer(Passage(one))), None)
            for hit in hits
        )
        return joined([hit for hit in found if hit is not None])

    def _may_answer(self, passage: Passage) -> bool:
        """Leave out passages of documents that hold no name, or no year, of those asked about.

        One is enough: a question that compares two things may need a passage on each.
        """
        if passage.language == "zh" and self._language == "en":
            return True  # Chinese text spells foreign names its own way
        document = self._document(passage)
        terms = frozenset[str]().union(*(part.terms for part in document))
        numbers = frozenset[str]().union(*(part.numbers for part in document))
        named = not self._names or unknown_names(self._names, terms) != self._names
        return named and (not self._years or bool(self._years & numbers))

    def _document(self, passage: Passage) -> Sequence[Passage]:
        """Return a passage and those that name what is asked about in the same document."""
        return [passage, *(one for one in self._mentioned if one.is_beside(passage))]

    @cached_property
    def _ranked(self) -> Sequence[_Candidate]:
        return sorted(self._candidates(), key=lambda candidate: -candidate.score)

    def _candidates(self) -> Iterator[_Candidate]:
        for passage in self.passages:
            similarities = self.vectors.similarities(self._question, passage)
            asked = self._left_to_say(passage)
            for index, similarity in enumerate(similarities):
                score = float(similarity) + _ASKED_WEIGHT * self._asked(passage, index, asked)
                yield _Candidate(score - _RANK_COST * (passage.hit.rank - 1), passage, index)

    def _asked(self, passage: Passage, index: int, asked: frozenset[str]) -> float:
        if passage.language != self._language:
            terms = passage.windows[index].terms
            return _ASKED_ELSEWHERE * min(1, len(terms) / _WORDS_OF_A_SENTENCE)
        return share(asked, passage.terms_with_header(index))

    def _left_to_say(self, passage: Passage) -> frozenset[str]:
        """Return the question's words without the names and years of the passage's whole document.

        A report on one company and year need not repeat them beside each figure; where it does,
        as in what it says about itself, that is no sign of an answer.
        """
        elsewhere = [
            one for one in self._document(passage) if one.hit.chunk_id != passage.hit.chunk_id
        ]
        held = frozenset[str]().union(*(one.terms for one in elsewhere))
        names = self._names - unknown_names(self._names, held)
        of_years = frozenset(
            term
            for term in self._terms
            for year in self._years & passage.title_numbers
            if year in term
        )
        return self._terms - names - of_years


def _excerpt(best: _Candidate, indexes: Sequence[int]) -> Excerpt:
    passage = best.passage
    return Excerpt(
        hit=passage.part_of(*passage.spans[best.index]) or passage.hit,
        sentences=tuple(passage.sentences[index] for index in indexes),
        best=indexes.index(best.index),
    )
