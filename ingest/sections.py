"""The parts of a document that a chunk may not cut needlessly: units, under their headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest import sentences
from ingest.blocks import BLOCK_SEPARATOR, Block, ParsedDocument

HEADINGS_MAX = 4
_HEADING_CHARACTERS_MAX = 120
_TABLE_HEADER_CHARACTERS_MAX = 200
_BELOW_ALL = 7
_LINE = re.compile(r"[^\n]+")


@dataclass(frozen=True, slots=True)
class Unit:
    """A heading, sentence or row: `start` and `end` are offsets into the document's text.

    `path` are the headings above it, and for a row the header of its table; `block` counts from 0.
    """

    start: int
    end: int
    block: int
    path: tuple[str, ...] = ()


@dataclass(slots=True)
class Section:
    """A heading with the text up to the next one; level 7 for text before the first."""

    level: int
    has_body: bool = False
    units: list[Unit] = field(default_factory=list)


def sections(document: ParsedDocument) -> list[Section]:
    """The sections of a document in order, none within another."""
    found: list[Section] = []
    above: list[tuple[int, str]] = []
    start = 0
    for index, block in enumerate(document.blocks):
        if block.kind == "heading":
            above = [entry for entry in above if entry[0] < block.level]
            section = Section(block.level)
            section.units.append(Unit(start, start + len(block.text), index, _path(above)))
            above.append((block.level, block.text))
            found.append(section)
        else:
            if not found:
                found.append(Section(_BELOW_ALL))
            found[-1].has_body = True
            found[-1].units += _units(block, start, index, _path(above))
        start += len(block.text) + len(BLOCK_SEPARATOR)
    return found


def shortened(text: str, characters_max: int) -> str:
    """`text` on one line, cut at a space where it is too long."""
    line = " ".join(text.split())
    if len(line) <= characters_max:
        return line
    head = line[:characters_max]
    return f"{head.rsplit(' ', 1)[0] if ' ' in head else head}…"


def _path(above: list[tuple[int, str]]) -> tuple[str, ...]:
    """The nearest headings, the outermost first."""
    return tuple(shortened(text, _HEADING_CHARACTERS_MAX) for _, text in above[-HEADINGS_MAX:])


def _units(block: Block, start: int, index: int, path: tuple[str, ...]) -> Iterator[Unit]:
    if block.kind == "table":
        yield from _rows(block, start, index, path)
        return
    for begin, end in sentences.spans(block.text):
        yield Unit(start + begin, start + end, index, path)


def _rows(block: Block, start: int, index: int, path: tuple[str, ...]) -> Iterator[Unit]:
    """Rows of a table; those after the first carry it in their path, as their header."""
    header = shortened(
        block.text.split("\n", 1)[0].replace("\t", " | "), _TABLE_HEADER_CHARACTERS_MAX
    )
    for number, match in enumerate(_LINE.finditer(block.text)):
        if match[0].strip():
            below = (*path, header) if number else path
            yield Unit(start + match.start(), start + match.end(), index, below)
