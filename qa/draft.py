"""The answer to one question as it is written: the model's text goes in, checked sentences out."""

import threading
from collections.abc import Generator as Closable
from collections.abc import Iterator, Sequence
from typing import Final, cast

from model.backends.port import GenerationPiece, GenerationRequest, Generator
from qa.answer import CitationFound, Token, Usage
from qa.grounding import Grounding
from qa.language import Language, language_of
from qa.passages import Support
from qa.prompt import NOT_FOUND
from qa.relevance import Excerpt, Relevance
from qa.sentences import SentenceStream, sentence_spans
from qa.settings import GroundingThresholds
from qa.text import cited_numbers, plain
from qa.verified import VerifiedText

_NAME_WORDS_MAX: Final = 6
"""A name may be in another language than the answer; a whole sentence may not."""


class Draft:
    """Runs the model and lets through only what the passages support, into `verified`.

    `finished` stays False when the reader stops the answer or goes away.
    """

    def __init__(
        self,
        relevance: Relevance,
        grounding: Grounding,
        thresholds: GroundingThresholds,
        language: Language,
        verified: VerifiedText,
    ) -> None:
        self.usage = Usage()
        self.finished = False
        self._relevance = relevance
        self._grounding = grounding
        self._thresholds = thresholds
        self._language = language
        self._shown: Sequence[Excerpt] = ()
        self._verified = verified
        self._begun_at = len(verified.text)

    @property
    def is_empty(self) -> bool:
        """Whether nothing that answers was found so far."""
        return len(self._verified.text) == self._begun_at

    def write(
        self,
        generator: Generator,
        request: GenerationRequest,
        shown: Sequence[Excerpt],
        cancelled: threading.Event,
    ) -> Iterator[Token | CitationFound]:
        """Stream what is supported, if anything; closing the iterator stops the model.

        `shown` are the excerpts in the request's prompt, which the model cites by number.
        """
        self._shown = shown
        denied = False
        for sentence in self._sentences(generator, request, cancelled):
            if NOT_FOUND in sentence.upper():  # what the model adds to that is not an answer
                denied = True
                break
            yield from self._checked(sentence)
        if cancelled.is_set():
            return
        if self.is_empty:
            yield from self._quoted(denied=denied)
        self.finished = True

    def _sentences(
        self, generator: Generator, request: GenerationRequest, cancelled: threading.Event
    ) -> Iterator[str]:
        """Yield the model's sentences, each once it is whole."""
        stream = SentenceStream()
        pieces = generator.generate(request, cancelled)
        try:
            for piece in pieces:
                yield from stream.feed(piece.text)
                if piece.finish_reason is not None:
                    self.usage = Usage(piece.prompt_tokens, piece.completion_tokens)
                if piece.finish_reason == "stop":  # otherwise the last sentence is torn off
                    yield from stream.finish()
        finally:
            cast("Closable[GenerationPiece]", pieces).close()

    def _checked(self, sentence: str) -> Iterator[Token | CitationFound]:
        text = self._relevance.without_path(plain(sentence))
        if text.endswith(("?", "？")):
            return  # the question again; a question states nothing that could be supported
        numbers = cited_numbers(sentence)
        if support := self._verbatim(text, numbers):
            yield from self._of_asked_year(text, support)
            return
        for start, end in sentence_spans(text):
            clause = text[start:end]
            if support := self._verbatim(clause, numbers) or self._said(clause):
                yield from self._of_asked_year(clause, support)

    def _of_asked_year(self, text: str, support: Support) -> Iterator[Token | CitationFound]:
        """Let through what is of the year asked about, or what its place says of that year."""
        if said := self._relevance.of_asked_year(text, support):
            yield from self._verified.add(plain(said), support)

    def _verbatim(self, text: str, numbers: frozenset[int]) -> Support | None:
        """Find the words as they are, in the passages that the model cites before all others."""
        if language_of(text) != self._language and len(text.split()) > _NAME_WORDS_MAX:
            return None  # a sentence copied where it should have been said in the reader's words
        shown = enumerate(self._shown, start=1)
        cited = frozenset(one.hit.chunk_id for number, one in shown if number in numbers)
        return self._of_question(self._grounding.verbatim(text, cited))

    def _said(self, text: str) -> Support | None:
        """Find a place that says the same."""
        if language_of(text) != self._language:
            return None
        return self._of_question(self._grounding.support(text))

    def _of_question(self, support: Support | None) -> Support | None:
        margin = self._thresholds.relevance_margin
        if support is not None and self._relevance.speaks_of_question(support, margin):
            return support
        return None

    def _quoted(self, *, denied: bool) -> Iterator[Token | CitationFound]:
        """Quote the sentence that answers best: a small model often misses what stands there.

        Where it `denied` that there is an answer, the question must speak against it.
        """
        least = self._thresholds
        score_min = least.quotation_after_marker_min if denied else least.quotation_min
        support = self._relevance.quotation(score_min, least.quotation_elsewhere_min, denied=denied)
        if support is not None:
            yield from self._verified.add(plain(support.quote), support)
