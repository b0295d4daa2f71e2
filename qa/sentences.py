"""Sentences of whole texts, and of text that still streams."""

import re
from collections.abc import Iterator
from typing import Final

from ingest.sentences import Span, spans

_CITATIONS: Final = re.compile(r"(?:\s*[\[【][\d\s,，、]*[\]】])+")
_OPENING: Final = ("[", "【")


def sentence_spans(text: str) -> Iterator[Span]:
    """Yield (start, end) of each sentence without the space around it; a line break ends one."""
    past = 0
    for line in text.splitlines(keepends=True):
        for start, end in spans(line):
            yield past + start, past + end
        past += len(line)


class SentenceStream:
    """Cuts a growing text into sentences; each comes out once it is certainly whole.

    Citations after a full stop belong to the sentence before it, and a semicolon ends none.
    """

    def __init__(self) -> None:
        self._pending = ""

    def feed(self, piece: str) -> list[str]:
        """Add a piece of text and return the sentences it completes.

        The last one is held back: what follows decides whether its full stop ends it. So is the
        one before, while a citation of it may be on its way.
        """
        self._pending += piece
        found = list(_cited_spans(self._pending))
        whole = found[:-1]
        if whole and self._pending.startswith(_OPENING, found[-1][0]):
            whole.pop()
        sentences = [self._pending[start:end] for start, end in whole]
        if whole:
            self._pending = self._pending[whole[-1][1] :]
        return sentences

    def finish(self) -> list[str]:
        """Return what is left when no more text comes."""
        rest, self._pending = self._pending, ""
        return [rest[start:end] for start, end in _cited_spans(rest)]


def _cited_spans(text: str) -> Iterator[Span]:
    """Yield the sentences, citations at the start of one moved to the end of the one before."""
    held: Span | None = None
    for span in sentence_spans(text):
        begin, end = span
        if held is not None and (cited := _CITATIONS.match(text, *span)):
            held, begin = (held[0], cited.end()), cited.end()
        if begin == end:
            continue
        if held is not None and text[held[1] - 1] == "；":
            begin = held[0]
        elif held is not None:
            yield held
        held = (begin, end)
    if held is not None:
        yield held
