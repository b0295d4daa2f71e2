"""Lines of text of a PDF page with place, size and weight, from pdfium's text page.

Coordinates of a `Line` are points from the top left corner of the page as it is shown (rotation
applied). pdfium ends a line with CR LF and marks a hyphen that only broke a word with U+0002.
"""

import ctypes
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.parsers import pdf_calls, pdf_marks, pdf_objects, pdf_raised, pdf_rules
from ingest.parsers.characters import one_line
from ingest.parsers.pdf_hidden import hidden_objects, is_hidden
from ingest.parsers.pdf_marks import Mark
from ingest.parsers.pdf_objects import PageObject
from ingest.parsers.pdf_quotes import Quotes
from ingest.parsers.pdf_spelling import HYPHENS, broken, spelled
from retrieval.corpus import Box

_BOLD_WEIGHT = 600
_BOLD_NAME = re.compile(rb"bold|black|heavy|demi", re.IGNORECASE)
_FONT_NAME_BYTES = 128
_CELL_GAP_EMS = 1.2
_LEADER = re.compile(r"\s*(?:[.·…．]\s?){5,}\s*(?:\d{1,4}|[ivxlc]{1,6})?$")
_LINE_END = re.compile(r"[\r\n]+")


@dataclass(slots=True)
class Cell:
    """A run of text in a line that a wide gap separates from the next."""

    text: str
    left: float
    right: float


@dataclass(slots=True)
class Line:
    """One line of a page; `hyphenated` when its last word goes on in the next line.

    `entry` when dots led from it to a page number, as in a table of contents; both are left out.
    """

    page: int
    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    bold: bool
    hyphenated: bool = False
    entry: bool = False
    cells: list[Cell] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as shown: its number from 1, width and height in points, its lines.

    `hides_text` when it holds text that nobody can see, which is in none of them. `rules` are the
    heights of horizontal lines drawn on it, where it has lines with cells. A scan was read after
    `turns` quarters to the left. `marks` are what people put onto it.
    """

    number: int
    width: float
    height: float
    lines: list[Line]
    hides_text: bool = False
    rules: Sequence[float] = ()
    turns: int = 0
    marks: tuple[Mark, ...] = ()

    def box(self, line: Line) -> Box:
        """Place a line in fractions of the page as it is shown."""
        return self.place(line.left, line.top, line.right, line.bottom)

    def place(self, left: float, top: float, right: float, bottom: float) -> Box:
        """Place a rectangle in fractions of the page as it is shown."""
        left, right = (_fraction(x, self.width) for x in (left, right))
        top, bottom = (_fraction(y, self.height) for y in (top, bottom))
        for _ in range(self.turns):  # a quarter back to the right
            left, top, right, bottom = 1 - bottom, left, 1 - top, right
        return Box(self.number, *(round(part, 4) for part in (left, top, right, bottom)))


def _fraction(part: float, whole: float) -> float:
    return min(max(part / whole, 0.0), 1.0)


class _Frame:
    """Maps page space (origin bottom left, unrotated) to the page as it is shown."""

    def __init__(self, page: Any) -> None:
        self.left, self.bottom, self.right, self.top = page.get_bbox()
        self.across = max(self.right - self.left, 1.0)
        self.up = max(self.top - self.bottom, 1.0)
        self.rotation = page.get_rotation()
        sideways = self.rotation in (90, 270)
        self.width, self.height = (self.up, self.across) if sideways else (self.across, self.up)

    def place(self, x: float, y: float) -> tuple[float, float]:
        x, y = x - self.left, self.top - y
        if self.rotation == 90:  # noqa: PLR2004 - degrees
            return self.up - y, x
        if self.rotation == 180:  # noqa: PLR2004 - degrees
            return self.across - x, self.up - y
        if self.rotation == 270:  # noqa: PLR2004 - degrees
            return y, self.across - x
        return x, y

    def rectangle(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[float, float, float, float]:
        x1, y1 = self.place(left, top)
        x2, y2 = self.place(right, bottom)
        return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def read_page(document: pdfium.PdfDocument, index: int) -> Page:
    """Read the lines of page `index` (from 0) in the order of its content stream."""
    page = document[index]
    try:
        frame = _Frame(page)
        textpage = page.get_textpage()
        try:
            objects = pdf_objects.objects(page)
            hidden = hidden_objects(page, objects)
            lines = list(_lines(textpage, index + 1, frame, hidden))
            rules = _rules(objects, frame) if any(line.cells for line in lines) else []
            marks = pdf_marks.read(page, Quotes(textpage, hidden), frame.rectangle)
        finally:
            textpage.close()
    finally:
        page.close()
    return Page(index + 1, frame.width, frame.height, lines, bool(hidden), rules, marks=marks)


def _rules(objects: Sequence[PageObject], frame: _Frame) -> list[float]:
    """Heights of rules from the top of the page; none where it is rotated: they stand upright."""
    if frame.rotation:
        return []
    return [frame.top - height for height in reversed(pdf_rules.horizontal(objects))]


def _lines(textpage: Any, number: int, frame: _Frame, hidden: frozenset[int]) -> Iterator[Line]:
    text = textpage.get_text_range()
    narrow = text.isascii() or len(text.encode("utf-16-le")) == 2 * len(text)
    start = 0
    for match in [*_LINE_END.finditer(text), None]:
        end = match.start() if match else len(text)
        offset = start if narrow else len(text[:start].encode("utf-16-le")) // 2
        for content, at in _seen(textpage, text[start:end], offset, hidden):
            if content.strip(" \t\0" + HYPHENS):
                line = _line(textpage, content, at, number, frame)
                if line is not None and _is_on_page(line, frame):
                    yield line
        start = match.end() if match else end


def _seen(
    textpage: Any, content: str, offset: int, hidden: frozenset[int]
) -> Iterator[tuple[str, int]]:
    """Yield the pieces of a line that are not hidden, each with its offset."""
    if not hidden:
        yield content, offset
        return
    piece, begin, at = "", offset, offset
    characters = pdf_calls.address(textpage)
    for character in content:
        index = raw.FPDFText_GetCharIndexFromTextIndex(textpage, at)
        if is_hidden(characters, index, hidden):
            yield piece, begin
            piece, begin = "", at + _units(character)
        else:
            piece += character
        at += _units(character)
    yield piece, begin


def _units(character: str) -> int:
    """Count as pdfium does, in UTF-16."""
    return 2 if character > "\uffff" else 1


def _is_on_page(line: Line, frame: _Frame) -> bool:
    return (
        line.right > 0 and line.bottom > 0 and line.left < frame.width and line.top < frame.height
    )


def _line(
    textpage: Any,
    content: str,
    offset: int,
    number: int,
    frame: _Frame,
) -> Line | None:
    first = raw.FPDFText_GetCharIndexFromTextIndex(textpage, offset)
    if first < 0:
        first = offset
    characters = pdf_calls.address(textpage)
    rectangles = pdf_calls.runs(characters, first, len(content))
    if not rectangles:
        return None
    left, top, right, bottom = frame.rectangle(
        min(r[0] for r in rectangles),
        max(r[1] for r in rectangles),
        max(r[2] for r in rectangles),
        min(r[3] for r in rectangles),
    )
    size, bold = _font(textpage, first, content, bottom - top)
    content = pdf_raised.marked(textpage, content, first, rectangles)
    shown, goes_on = broken(one_line(spelled(content)))
    line = Line(number, shown, left, top, right, bottom, size, bold)
    line.hyphenated = goes_on or content.rstrip()[-1:] in tuple(HYPHENS)
    if leader := _LEADER.search(line.text):
        line.text, line.entry = line.text[: leader.start()], True
    elif " " in line.text:
        cells = _cells(characters, content, first, size, frame)
        line.cells = cells if len(cells) > 1 else []
    return line if line.text else None


def _font(textpage: Any, first: int, content: str, height: float) -> tuple[float, bool]:
    """Size in points, to the half point, and weight of the first visible character.

    The font size counts before the text matrix, which many producers use to scale.
    """
    at = first + len(content) - len(content.lstrip())
    matrix = raw.FS_MATRIX()
    scale = math.hypot(matrix.b, matrix.d) if raw.FPDFText_GetMatrix(textpage, at, matrix) else 1.0
    size = float(raw.FPDFText_GetFontSize(textpage, at)) * scale
    if not height / 4 <= size <= height * 4:
        size = height
    return round(size * 2) / 2, _is_bold(textpage, at)


def _is_bold(textpage: Any, at: int) -> bool:
    """By weight, or by the font's name: many files give bold fonts no weight."""
    if raw.FPDFText_GetFontWeight(textpage, at) >= _BOLD_WEIGHT:
        return True
    name, flags = ctypes.create_string_buffer(_FONT_NAME_BYTES), ctypes.c_int()
    raw.FPDFText_GetFontInfo(textpage, at, name, _FONT_NAME_BYTES, flags)
    return _BOLD_NAME.search(name.value) is not None


def _cells(
    textpage: int,
    content: str,
    first: int,
    size: float,
    frame: _Frame,
) -> list[Cell]:
    """Cut a line at the spaces that are wider than `_CELL_GAP_EMS`."""
    cells: list[Cell] = []
    begin = 0
    spans = [match.span() for match in re.finditer(r" +", content)]
    for start, end in [*spans, (len(content), len(content) + 1)]:
        if start == begin:
            begin = end if start == 0 else begin
            continue
        gap = (
            end < len(content)
            and (
                _edges(textpage, first + end, frame)[0]
                - _edges(textpage, first + start - 1, frame)[1]
            )
            > _CELL_GAP_EMS * size
        )
        if gap or end > len(content):
            left = _edges(textpage, first + begin, frame)[0]
            right = _edges(textpage, first + start - 1, frame)[1]
            cells.append(Cell(one_line(spelled(content[begin:start])), left, right))
            begin = end
    return [cell for cell in cells if cell.text]


def _edges(textpage: int, index: int, frame: _Frame) -> tuple[float, float]:
    """Left and right of a character on the page as it is shown."""
    left, right, bottom, top = pdf_calls.character_box(textpage, index)
    shown = frame.rectangle(left, top, right, bottom)
    return shown[0], shown[2]
