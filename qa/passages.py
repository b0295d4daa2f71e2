"""Passages cut into sentences, with what comparing needs."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Final

from ingest.blocks import BLOCK_SEPARATOR
from ingest.parsers.rows import CELL_SEPARATOR
from ingest.sentences import Span
from qa.language import language_of
from qa.numbers import numbers_held
from qa.sentences import sentence_spans
from qa.words import content_terms, unknown_names
from retrieval.corpus import Hit

_SENTENCE_ENDS: Final = tuple(".!?:;。！？：；…")
_SECOND_SENTENCE_COST: Final = 0.15
"""A quote of two sentences must cover this much more of the claim than one sentence does."""


@dataclass(frozen=True, slots=True)
class Support:
    """The place that says what a sentence says: `quote` is `document_text[start:end]`."""

    hit: Hit
    start: int
    end: int
    quote: str
    score: float


@dataclass(frozen=True, slots=True)
class Window:
    """One sentence of a passage or two in a row."""

    start: int
    end: int
    terms: frozenset[str]
    numbers: frozenset[str]
    cost: float


class Passage:
    """A passage cut into sentences, with what comparing needs, computed when first used.

    It is one chunk or several that follow each other, `parts`. Offsets are into its text, in which
    line feeds stand for the space between chunks; so a quote never reaches over two of them.
    """

    def __init__(self, *parts: Hit) -> None:
        self.parts = tuple(sorted(parts, key=lambda part: part.chunk.start))
        self.hit = min(parts, key=lambda part: part.rank)
        self._offset = self.parts[0].chunk.start
        self.whole_text = self._joined()
        self._spans_of = tuple(zip(self.parts, map(self._spans, self.parts), strict=True))
        self.spans = tuple(span for _, spans in self._spans_of for span in spans)
        self.language = language_of(self.whole_text)
        headings = (heading for part in self.parts for heading in part.chunk.heading_path)
        context = "\n".join((self.hit.document_name, *dict.fromkeys(headings)))
        self._whole = f"{context}\n{self.whole_text}"
        self.title_numbers = numbers_held(context)

    def _joined(self) -> str:
        text = ""
        for part in self.parts:
            text += "\n" * (part.chunk.start - self._offset - len(text)) + part.chunk.text
        return text

    def _spans(self, part: Hit) -> tuple[Span, ...]:
        past = part.chunk.start - self._offset
        return tuple((past + start, past + end) for start, end in sentence_spans(part.chunk.text))

    def part_of(self, start: int, end: int) -> Hit | None:
        """Return the chunk that holds a part of the passage, None when no single one does."""
        for part in self.parts:
            first, last = part.chunk.start - self._offset, part.chunk.end - self._offset
            if first <= start and end <= last:
                return part
        return None

    def is_beside(self, other: "Passage") -> bool:
        """Whether both stand in one document."""
        return self.hit.document_id == other.hit.document_id

    def is_of(self, chunk_ids: Container[str]) -> bool:
        """Whether one of these chunks is a part of it."""
        return any(part.chunk_id in chunk_ids for part in self.parts)

    def text(self, start: int, end: int) -> str:
        """Return a part of the passage, by offsets into it."""
        return self.whole_text[start:end]

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """Those of the passage, in order."""
        return tuple(self.text(start, end) for start, end in self.spans)

    def is_heading(self, index: int) -> bool:
        """Whether a sentence only names what stands below it, at the top of a chunk."""
        sentence = self.sentences[index]
        return (
            self.spans[index] in self._tops
            and not is_row(sentence)
            and not sentence.endswith(_SENTENCE_ENDS)
        )

    @cached_property
    def _tops(self) -> frozenset[Span]:
        """The first sentences of chunks that go on."""
        return frozenset(spans[0] for _, spans in self._spans_of if len(spans) > 1)

    def header_of(self, index: int) -> range:
        """Return the rows that say what the columns of a row are; none where it is no row.

        That is the first row of its table and those after it that have fewer cells, as under a
        header that spans several columns.
        """
        first = self._first_rows[index]
        if first is None:
            return range(0)
        cells = self._cells(index)
        short = takewhile(lambda row: self._cells(row) < cells, range(first + 1, index))
        return range(first, first + 1 + len(list(short)))

    def terms_with_header(self, index: int) -> frozenset[str]:
        """Return a sentence's terms and, of a row, those of the rows that name its columns."""
        rows = (index, *self.header_of(index))
        return frozenset[str]().union(*(self.windows[row].terms for row in rows))

    def _cells(self, index: int) -> int:
        return self.sentences[index].count(CELL_SEPARATOR)

    @cached_property
    def _first_rows(self) -> tuple[int | None, ...]:
        """For each sentence that is a row, which one is its table's first; None for the others."""
        found: list[int | None] = []
        for index, sentence in enumerate(self.sentences):
            above = found[-1] if found and self._is_below(index) else index
            found.append(above if is_row(sentence) else None)
        return tuple(found)

    def _is_below(self, index: int) -> bool:
        """Whether a sentence is a line right below a row."""
        (_, end), (start, _) = self.spans[index - 1 : index + 1]
        return is_row(self.sentences[index - 1]) and BLOCK_SEPARATOR not in self.text(end, start)

    @cached_property
    def titled_sentences(self) -> tuple[str, ...]:
        """The sentences under what they stand below: "It has 480 racks" alone says little."""
        name = self.hit.document_name.rsplit(".", 1)[0]
        return tuple(
            f"{(part.chunk.heading_path or (name,))[-1]}\n{self.text(start, end)}"
            for part, spans in self._spans_of
            for start, end in spans
        )

    @cached_property
    def terms(self) -> frozenset[str]:
        """Those of the passage, its headings and the document's name."""
        return content_terms(self._whole)

    def missing(self, claimed: frozenset[str]) -> frozenset[str]:
        """Return the names that it does not hold; Chinese text spells foreign names its own way."""
        return frozenset() if self.language == "zh" else unknown_names(claimed, self.terms)

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Those of the passage, its headings and the document's name."""
        return numbers_held(self._whole)

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """All single sentences in order, then all pairs."""
        return (
            *(self._window(start, end, 0.0) for start, end in self.spans),
            *(self._window(start, end, _SECOND_SENTENCE_COST) for start, end in self.runs(2)),
        )

    def _window(self, start: int, end: int, cost: float) -> Window:
        text = self.text(start, end)
        return Window(
            start, end, content_terms(text), self.title_numbers | numbers_held(text), cost
        )

    def is_near(self, index: int, support: Support) -> bool:
        """Whether a claim rests on this sentence of the passage or one right beside it."""
        beside = self.spans[max(0, index - 1) : index + 2]
        offset = self._offset
        return offset + beside[0][0] < support.end and support.start < offset + beside[-1][1]

    def index_of(self, support: Support) -> int:
        """Return which sentence a claim's place begins in."""
        start = support.start - self._offset
        return max(index for index, (first, _) in enumerate(self.spans) if first <= start)

    def runs(self, count: int) -> Iterator[tuple[int, int]]:
        """Yield the spans of so many sentences in a row, all of one chunk."""
        for _, spans in self._spans_of:
            for first, last in zip(spans, spans[count - 1 :], strict=False):
                yield first[0], last[1]

    def support(self, window: Window, score: float) -> Support:
        """Point to a window by offsets into the document."""
        return self.place(window.start, window.end, score)

    def place(self, start: int, end: int, score: float) -> Support:
        """Point to a part of one chunk by offsets into the document."""
        return Support(
            hit=self.part_of(start, end) or self.hit,
            start=self._offset + start,
            end=self._offset + end,
            quote=self.text(start, end),
            score=score,
        )


def joined(hits: Sequence[Hit]) -> Iterator[Passage]:
    """Yield passages in the order of the best of their chunks; what is side by side is one."""
    left = list(hits)
    while left:
        parts = [left.pop(0)]
        while beside := next((one for one in left if any(_follow(one, p) for p in parts)), None):
            left.remove(beside)
            parts.append(beside)
        yield Passage(*parts)


def _follow(one: Hit, other: Hit) -> bool:
    """Whether nothing but a paragraph's end is between two chunks of a document."""
    first, second = sorted((one.chunk, other.chunk), key=lambda chunk: chunk.start)
    gap = second.start - first.end
    return one.document_id == other.document_id and 0 <= gap <= len(BLOCK_SEPARATOR)


def is_row(sentence: str) -> bool:
    """Whether it is a row of a table, with its cells apart."""
    return CELL_SEPARATOR in sentence


def share(part: frozenset[str], whole: frozenset[str]) -> float:
    """Return how much of `part` stands in `whole`, from 0 to 1."""
    return len(part & whole) / len(part) if part else 0.0
