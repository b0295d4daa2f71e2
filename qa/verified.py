"""The part of an answer that has been checked: its text and its citations, as they grow."""

from collections.abc import Iterator
from typing import Final

from qa.answer import Citation, CitationFound, OtherPlace, Token
from qa.boxes import boxes_of
from qa.language import language_of
from qa.passages import Support
from retrieval.duplicates import place_of_quote

_ENDS: Final = tuple(".!?。！？…")
_CLOSING: Final = "\"'”’」』）)"


class VerifiedText:
    """Collects supported sentences; numbers citations in the order they are first needed."""

    def __init__(self) -> None:
        self.text = ""
        self.citations: list[Citation] = []
        self._said: set[str] = set()
        self._opening: str | None = None
        self._notes: list[str] = []

    def begin_line(self) -> None:
        """Let what follows begin a line; what was said before may be said there again."""
        self._said.clear()
        self._opening = "\n" if self.text else None

    def note(self, sentence: str) -> None:
        """Have a line of our own, which rests on no source, come before what is added next."""
        self._notes.append(sentence)

    def noted(self) -> Iterator[Token]:
        """Append the notes that did not come yet."""
        while self._notes:
            self.begin_line()
            piece = f"{self._opening or ''}{self._notes.pop(0)}"
            self.text += piece
            self.begin_line()
            yield Token(piece)

    def add(self, sentence: str, support: Support) -> Iterator[Token | CitationFound]:
        """Append a sentence with its `[n]`; one that was said already is left out."""
        if sentence in self._said:
            return
        yield from self.noted()
        self._said.add(sentence)
        known = len(self.citations)
        number = self._number(support)
        if number > known:
            yield CitationFound(self.citations[-1])
        piece = self._joined(sentence, number)
        self.text += piece
        yield Token(piece)

    def _joined(self, sentence: str, number: int) -> str:
        chinese = language_of(sentence) == "zh"
        if not sentence.rstrip(_CLOSING).endswith(_ENDS):
            sentence += "。" if chinese else "."
        before = "" if chinese or not self.text else " "
        if self._opening is not None:
            before, self._opening = self._opening, None
        return f"{before}{sentence}[{number}]" if chinese else f"{before}{sentence} [{number}]"

    def _number(self, support: Support) -> int:
        place = (support.hit.document_id, support.start, support.end)
        for citation in self.citations:
            if place == (citation.document_id, citation.start, citation.end):
                return citation.number
        number = len(self.citations) + 1
        self.citations.append(_citation(number, support))
        return number


def _citation(number: int, support: Support) -> Citation:
    chunk = support.hit.chunk
    boxes = boxes_of(chunk, support.start, support.end)
    return Citation(
        number=number,
        document_id=support.hit.document_id,
        document_name=support.hit.document_name,
        page=boxes[0].page if boxes else chunk.page,
        boxes=boxes,
        quote=support.quote,
        start=support.start,
        end=support.end,
        also=tuple(_other_places(support)),
    )


def _other_places(support: Support) -> Iterator[OtherPlace]:
    """Yield where the copies of a passage hold its quote: near copies need not."""
    told = {support.hit.document_id}
    for copy in support.hit.copies:
        place = place_of_quote(support.quote, copy.chunk)
        if place is None or copy.document_id in told:
            continue
        told.add(copy.document_id)
        start, end = place
        boxes = boxes_of(copy.chunk, start, end)
        page = boxes[0].page if boxes else copy.chunk.page
        yield OtherPlace(copy.document_id, copy.document_name, page, boxes, start, end)
