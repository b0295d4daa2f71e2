"""Passages cut into sentences, with what comparing needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

from qa.language import language_of
from qa.numbers import numbers_held
from qa.sentences import sentence_spans
from qa.words import content_terms, unknown_names
from retrieval.corpus import Hit

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
    """A passage cut into sentences, with what comparing needs, computed when first used."""

    def __init__(self, hit: Hit) -> None:
        self.hit = hit
        self.spans = tuple(sentence_spans(hit.chunk.text))
        self.language = language_of(hit.chunk.text)
        context = "\n".join((hit.document_name, *hit.chunk.heading_path))
        self._whole = f"{context}\n{hit.chunk.text}"
        self._context_numbers = numbers_held(context)

    def is_beside(self, other: "Passage") -> bool:
        """Whether both stand in one document."""
        return self.hit.document_id == other.hit.document_id

    def text(self, start: int, end: int) -> str:
        """Return a part of the passage, by offsets into it."""
        return self.hit.chunk.text[start:end]

    def excerpt(self, indexes: Sequence[int]) -> str:
        """Join some of its sentences; numbers outside it are passed over."""
        return " ".join(self.sentences[i] for i in indexes if 0 <= i < len(self.sentences))

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """Those of the passage, in order."""
        return tuple(self.text(start, end) for start, end in self.spans)

    @cached_property
    def titled_sentences(self) -> tuple[str, ...]:
        """The sentences under what they stand below: "It has 480 racks" alone says little."""
        hit = self.hit
        title = (hit.chunk.heading_path or (hit.document_name.rsplit(".", 1)[0],))[-1]
        return tuple(f"{title}\n{sentence}" for sentence in self.sentences)

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
        pairs = ((one, two) for (one, _), (_, two) in pairwise(self.spans))
        return (
            *(self._window(start, end, 0.0) for start, end in self.spans),
            *(self._window(start, end, _SECOND_SENTENCE_COST) for start, end in pairs),
        )

    def _window(self, start: int, end: int, cost: float) -> Window:
        text = self.text(start, end)
        return Window(
            start, end, content_terms(text), self._context_numbers | numbers_held(text), cost
        )

    def is_near(self, index: int, support: Support) -> bool:
        """Whether a claim rests on this sentence of the passage or one right beside it."""
        beside = self.spans[max(0, index - 1) : index + 2]
        offset = self.hit.chunk.start
        return offset + beside[0][0] < support.end and support.start < offset + beside[-1][1]

    def runs(self, count: int) -> Iterator[tuple[int, int]]:
        """Yield the spans of so many sentences in a row."""
        for first, last in zip(self.spans, self.spans[count - 1 :], strict=False):
            yield first[0], last[1]

    def support(self, window: Window, score: float) -> Support:
        """Point to a window by offsets into the document."""
        return self.place(window.start, window.end, score)

    def place(self, start: int, end: int, score: float) -> Support:
        """Point to a part of the passage by offsets into the document."""
        offset = self.hit.chunk.start
        return Support(
            hit=self.hit,
            start=offset + start,
            end=offset + end,
            quote=self.text(start, end),
            score=score,
        )


def share(part: frozenset[str], whole: frozenset[str]) -> float:
    """Return how much of `part` stands in `whole`, from 0 to 1."""
    return len(part & whole) / len(part) if part else 0.0
