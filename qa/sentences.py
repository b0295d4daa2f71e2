"""Sentences of whole texts, and of text that still streams."""

from collections.abc import Iterator

from ingest.sentences import Span, spans


def sentence_spans(text: str) -> Iterator[Span]:
    """Yield (start, end) of each sentence without the space around it; a line break ends one."""
    past = 0
    for line in text.splitlines(keepends=True):
        for start, end in spans(line):
            yield past + start, past + end
        past += len(line)


class SentenceStream:
    """Cuts a growing text into sentences; each comes out once it is certainly whole."""

    def __init__(self) -> None:
        self._pending = ""

    def feed(self, piece: str) -> list[str]:
        """Add a piece of text and return the sentences it completes.

        The last one is held back: what follows decides whether its full stop ends it.
        """
        self._pending += piece
        whole = list(sentence_spans(self._pending))[:-1]
        sentences = [self._pending[start:end] for start, end in whole]
        if whole:
            self._pending = self._pending[whole[-1][1] :]
        return sentences

    def finish(self) -> list[str]:
        """Return what is left when no more text comes."""
        rest, self._pending = self._pending, ""
        return [rest[start:end] for start, end in sentence_spans(rest)]
