"""One answer while it is written: the model's text goes in, checked sentences come out."""

import threading
from collections.abc import Generator as Closable
from collections.abc import Iterator, Sequence
from typing import cast

from model.backends.port import GenerationPiece, GenerationRequest, Generator
from qa.answer import Citation, CitationFound, Token, Usage
from qa.grounding import Grounding
from qa.prompt import NOT_FOUND
from qa.sentences import SentenceStream
from qa.text import plain
from qa.verified import VerifiedText


class Draft:
    """Runs the model and lets through only what the passages support.

    `finished` stays False when the reader stops the answer or goes away.
    """

    def __init__(self, request: GenerationRequest, grounding: Grounding, refusal: str) -> None:
        self.usage = Usage()
        self.finished = False
        self.refused = False
        self._request = request
        self._grounding = grounding
        self._refusal = refusal
        self._verified = VerifiedText()

    @property
    def text(self) -> str:
        """What the reader has seen so far."""
        return self._refusal if self.refused else self._verified.text

    @property
    def citations(self) -> Sequence[Citation]:
        """The places behind `text`."""
        return self._verified.citations

    def write(
        self, generator: Generator, cancelled: threading.Event
    ) -> Iterator[Token | CitationFound]:
        """Stream what is supported, or the refusal; closing the iterator stops the model."""
        if not self._grounding.is_hopeless:
            yield from self._supported(generator, cancelled)
        if cancelled.is_set():
            return
        if not self._verified.text:
            self.refused = True
            yield Token(self._refusal)
        self.finished = True

    def _supported(
        self, generator: Generator, cancelled: threading.Event
    ) -> Iterator[Token | CitationFound]:
        for sentence in self._sentences(generator, cancelled):
            if NOT_FOUND in sentence.upper():
                break  # whatever the model adds to its refusal is not an answer
            yield from self._checked(sentence)
        if not self._verified.text and not cancelled.is_set():
            yield from self._quoted()

    def _sentences(self, generator: Generator, cancelled: threading.Event) -> Iterator[str]:
        """Yield the model's sentences, each once it is whole."""
        stream = SentenceStream()
        pieces = generator.generate(self._request, cancelled)
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
        text = plain(sentence)
        support = self._grounding.support(text)
        if support is not None:
            yield from self._verified.add(text, support)

    def _quoted(self) -> Iterator[Token | CitationFound]:
        """Quote the sentence that answers best, if one clearly does, when the model failed."""
        support = self._grounding.quotation()
        if support is not None:
            yield from self._verified.add(plain(support.quote), support)
