"""Cut a document into passages: under one heading, at paragraph and sentence ends, of bounded size.

A subtree of headings that fits is one chunk, and small neighbours under the same parent share one.
A longer section is packed by paragraphs. Where to cut depends on nearby text only, so an edit
moves few chunks: the rest keep their text, and with it their vectors.
"""

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, groupby

from ingest.blocks import BLOCK_SEPARATOR, ParsedDocument
from ingest.chunk_boxes import boxes_of
from ingest.sections import Section, Unit, sections
from ingest.sentences import trimmed
from retrieval.corpus import Box, Chunk

TokenCounter = Callable[[Sequence[str]], list[int]]

_ANCHOR_EVERY = 4  # one paragraph in so many starts a chunk when the last is half full
_CUTS = (re.compile(r"[\n\t]|(?<=[,;:，、；：])"), re.compile(r"\s"))


def chunk(
    document: ParsedDocument, count_tokens: TokenCounter, tokens_max: int = 256
) -> list[Chunk]:
    """Chunks in order; together they hold every non-space character exactly once.

    `tokens_max` bounds what `count_tokens` says of a chunk's text (without its heading path), as
    far as text can be divided.
    """
    return _Chunker(document, count_tokens, tokens_max).chunks()


class _Chunker:
    """The state of one call of `chunk`: sizes of units, by unit."""

    def __init__(
        self, document: ParsedDocument, count_tokens: TokenCounter, tokens_max: int
    ) -> None:
        self._document = document
        self._text = document.text
        self._count_tokens = count_tokens
        self._tokens_max = tokens_max
        self._own = count_tokens([""])[0]  # special tokens that every count includes
        self._sizes: dict[Unit, int] = {}

    def chunks(self) -> list[Chunk]:
        found = sections(self._document)
        for section, units in zip(found, self._divided(found), strict=True):
            section.units = units
        groups = [
            part
            for group in self._groups(found, [])
            for alike in self._alike_in_place(group)
            for part in self._packed(alike)
        ]
        offsets = self._block_starts()
        return [
            self._chunk(ordinal, units, offsets)
            for ordinal, units in enumerate(self._bounded(groups))
        ]

    def _divided(self, found: list[Section]) -> list[list[Unit]]:
        """The units of each section, those too large cut in halves until they fit."""
        pending = [unit for section in found for unit in section.units]
        parts: dict[Unit, list[Unit]] = {}
        while pending:
            counts = self._count_tokens([self._text[unit.start : unit.end] for unit in pending])
            large: list[Unit] = []
            for unit, count in zip(pending, counts, strict=True):
                self._sizes[unit] = count - self._own
                if count > self._tokens_max and (halves := self._halves(unit)):
                    parts[unit] = halves
                    large += halves
            pending = large
        return [
            [leaf for unit in section.units for leaf in _leaves(unit, parts)] for section in found
        ]

    def _halves(self, unit: Unit) -> list[Unit]:
        """Cut near the middle, at punctuation or space where there is any; [] for one character."""
        text = self._text[unit.start : unit.end]
        cut = _middle_cut(text)
        spans = (trimmed(text, 0, cut), trimmed(text, cut, len(text)))
        halves = [
            Unit(unit.start + start, unit.start + end, unit.block, unit.path)
            for start, end in chain(*spans)
        ]
        return halves if len(text) > 1 else []

    def _groups(self, found: list[Section], carried: list[Unit]) -> Iterator[list[Unit]]:
        """Units that belong together; `carried` are headings without text of their own above."""
        small: list[Unit] = []
        index = 0
        while index < len(found):
            end = _subtree_end(found, index)
            units = carried + [unit for section in found[index:end] for unit in section.units]
            carried = []
            if self._size(units) > self._tokens_max and end > index + 1:
                yield from filter(None, [small])
                small = []
                yield from self._divided_subtree(
                    found[index:end], units[: -_count(found[index + 1 : end])]
                )
            elif 2 * self._size(units) > self._tokens_max:
                yield from filter(None, [small])
                small = []
                yield units
            elif self._size(small) + self._size(units) > self._tokens_max:
                yield small
                small = units
            else:
                small = small + units
            index = end
        yield from filter(None, [small])

    def _divided_subtree(self, subtree: list[Section], own: list[Unit]) -> Iterator[list[Unit]]:
        """A section too large with its children: its own text, then theirs."""
        if subtree[0].has_body:
            yield own
            yield from self._groups(subtree[1:], [])
        else:
            yield from self._groups(subtree[1:], own)

    def _alike_in_place(self, units: list[Unit]) -> Iterator[list[Unit]]:
        """Part what has pages from what has none: a file attached to a PDF is shown as text."""
        for _, part in groupby(
            units, key=lambda unit: self._document.blocks[unit.block].page is None
        ):
            yield list(part)

    def _packed(self, units: list[Unit]) -> Iterator[list[Unit]]:
        """Fill chunks with whole blocks; cut a block only where little of the chunk is filled."""
        current: list[Unit] = []
        for _, group in groupby(units, key=lambda unit: unit.block):
            block = list(group)
            full = self._size(current) + self._size(block) > self._tokens_max
            half = 2 * self._size(current) >= self._tokens_max
            if current and half and (full or self._is_anchor(block)):
                yield current
                current = []
            for unit in block:
                if current and self._size([*current, unit]) > self._tokens_max:
                    yield current
                    current = []
                current.append(unit)
        if current:
            yield current

    def _is_anchor(self, block: list[Unit]) -> bool:
        """A choice by content alone, so that chunks after an edit fall back into step."""
        text = self._text[block[0].start : block[-1].end]
        return zlib.crc32(text.encode()) % _ANCHOR_EVERY == 0

    def _bounded(self, groups: list[list[Unit]]) -> list[list[Unit]]:
        """Sums of sizes are an estimate: count whole chunks and halve those that are too large."""
        counts = self._count_tokens([self._text[g[0].start : g[-1].end] for g in groups])
        bounded: list[list[Unit]] = []
        for group, count in zip(groups, counts, strict=True):
            if count > self._tokens_max and len(group) > 1:
                middle = len(group) // 2
                bounded += self._bounded([group[:middle], group[middle:]])
            else:
                bounded.append(group)
        return bounded

    def _size(self, units: list[Unit]) -> int:
        return self._own + sum(self._sizes[unit] for unit in units)

    def _block_starts(self) -> list[int]:
        starts, at = [], 0
        for block in self._document.blocks:
            starts.append(at)
            at += len(block.text) + len(BLOCK_SEPARATOR)
        return starts

    def _chunk(self, ordinal: int, units: list[Unit], offsets: list[int]) -> Chunk:
        start, end = units[0].start, units[-1].end
        blocks = range(units[0].block, units[-1].block + 1)
        boxes: list[Box] = []
        for index in blocks:
            block = self._document.blocks[index]
            boxes += boxes_of(block, start - offsets[index], end - offsets[index])
        return Chunk(
            ordinal=ordinal,
            text=self._text[start:end],
            start=start,
            end=end,
            heading_path=units[0].path,
            page=self._document.blocks[blocks[0]].page,
            boxes=tuple(boxes),
        )


def _leaves(unit: Unit, parts: dict[Unit, list[Unit]]) -> Iterator[Unit]:
    if unit in parts:
        for part in parts[unit]:
            yield from _leaves(part, parts)
    else:
        yield unit


def _middle_cut(text: str) -> int:
    """Where to cut a text in two: the best place in its middle half, else the very middle."""
    middle = len(text) // 2
    for pattern in _CUTS:
        places = [m.start() for m in pattern.finditer(text, len(text) // 4, 3 * len(text) // 4)]
        if places:
            return max(1, min(places, key=lambda place: abs(place - middle)))
    return max(1, middle)


def _subtree_end(found: list[Section], index: int) -> int:
    """Index after the last section below `found[index]`."""
    end = index + 1
    while end < len(found) and found[end].level > found[index].level:
        end += 1
    return end


def _count(found: list[Section]) -> int:
    return sum(len(section.units) for section in found)
