"""What people put onto a page of a PDF: comments, and text that they typed on it.

A comment hangs on a note, a highlight or another mark; a reply to one stands where that one does.
Hidden marks, and those that say no more than the text under them, are left out.
"""

import ctypes
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from pypdfium2 import raw

from ingest.parsers.characters import one_line
from ingest.parsers.pdf_calls import Quad
from ingest.parsers.pdf_quotes import Quotes

_MARKS_MAX: Final = 2_000  # looked at on one page
_TYPED: Final = raw.FPDF_ANNOT_FREETEXT
_MARKS: Final = frozenset(
    {
        _TYPED,
        raw.FPDF_ANNOT_TEXT,
        raw.FPDF_ANNOT_HIGHLIGHT,
        raw.FPDF_ANNOT_UNDERLINE,
        raw.FPDF_ANNOT_SQUIGGLY,
        raw.FPDF_ANNOT_STRIKEOUT,
        raw.FPDF_ANNOT_CARET,
        raw.FPDF_ANNOT_LINE,
        raw.FPDF_ANNOT_SQUARE,
        raw.FPDF_ANNOT_CIRCLE,
        raw.FPDF_ANNOT_POLYGON,
        raw.FPDF_ANNOT_POLYLINE,
        raw.FPDF_ANNOT_INK,
        raw.FPDF_ANNOT_STAMP,
    }
)
_SPACE: Final = re.compile(r"\s+")
_ENOUGH_CHARACTERS: Final = 8
_UNSEEN: Final = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW

Shown = Callable[[float, float, float, float], Quad]
"""Turns left, top, right and bottom in page space into those on the page as it is shown."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A comment, or text `typed` onto the page; `places` as left, top, right and bottom shown."""

    typed: bool
    author: str
    text: str
    quoted: str
    places: tuple[Quad, ...]


def read(page: Any, quotes: Quotes, shown: Shown) -> tuple[Mark, ...]:
    """Read the marks of a page that say something, in the order of the file."""
    found: dict[int, Mark] = {}
    for index in range(_count(page)):
        with _opened(page, index) as annotation:
            if annotation and _is_mark(annotation):
                mark, answered = _mark(annotation, quotes, shown), _answered(page, annotation)
                parent = found.get(answered)
                if parent is not None and mark.text and not mark.typed:
                    mark = replace(mark, quoted=parent.quoted, places=parent.places)
                elif parent is not None and not parent.quoted:  # struck out for what is inserted
                    found[answered] = replace(parent, quoted=mark.quoted)
                found[index] = mark
    return tuple(mark for mark in found.values() if mark.text)


def hide_typed(page: Any) -> None:
    """Hide the text that `read` reads from what is drawn, or made a part, of the page."""
    for index in range(_count(page)):
        with _opened(page, index) as annotation:
            if annotation and _is_mark(annotation) and _is_typed(annotation):
                flags = raw.FPDFAnnot_GetFlags(annotation) | raw.FPDF_ANNOT_FLAG_HIDDEN
                if _string(annotation, b"Contents"):
                    raw.FPDFAnnot_SetFlags(annotation, flags)


def _count(page: Any) -> int:
    return min(int(raw.FPDFPage_GetAnnotCount(page)), _MARKS_MAX)


@contextmanager
def _opened(page: Any, index: int) -> Iterator[Any]:
    annotation = raw.FPDFPage_GetAnnot(page, index)
    try:
        yield annotation
    finally:
        raw.FPDFPage_CloseAnnot(annotation)


def _is_mark(annotation: Any) -> bool:
    kind = raw.FPDFAnnot_GetSubtype(annotation)
    return kind in _MARKS and not raw.FPDFAnnot_GetFlags(annotation) & _UNSEEN


def _is_typed(annotation: Any) -> bool:
    return bool(raw.FPDFAnnot_GetSubtype(annotation) == _TYPED)


def _mark(annotation: Any, quotes: Quotes, shown: Shown) -> Mark:
    typed, place = _is_typed(annotation), _rectangle(annotation)
    under = _rectangles(annotation)
    quoted, text = quotes.under(place if typed else under), _string(annotation, b"Contents")
    return Mark(
        typed=typed,
        author=_string(annotation, b"T"),
        text="" if _repeats(text, quoted, typed=typed) else text,
        quoted=quoted,
        places=tuple(shown(*one) for one in under or place),
    )


def _repeats(text: str, under: str, *, typed: bool) -> bool:
    """Whether the page itself says the same there: some programs write both."""
    bare, held = _SPACE.sub("", text), _SPACE.sub("", under)
    return bare == held or (typed and len(bare) >= _ENOUGH_CHARACTERS and bare in held)


def _answered(page: Any, annotation: Any) -> int:
    """Return the index of the mark that this one is a reply to, or -1."""
    parent = raw.FPDFAnnot_GetLinkedAnnot(annotation, b"IRT")
    if not parent:
        return -1
    index = int(raw.FPDFPage_GetAnnotIndex(page, parent))
    raw.FPDFPage_CloseAnnot(parent)
    return index


def _string(annotation: Any, key: bytes) -> str:
    size = raw.FPDFAnnot_GetStringValue(annotation, key, None, 0)
    buffer = ctypes.create_string_buffer(size)
    characters = ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR))
    raw.FPDFAnnot_GetStringValue(annotation, key, characters, size)
    return one_line(buffer.raw.decode("utf-16-le", "ignore").removesuffix("\0"))


def _rectangle(annotation: Any) -> list[Quad]:
    place = raw.FS_RECTF()
    if not raw.FPDFAnnot_GetRect(annotation, place):
        return []
    return [(place.left, place.top, place.right, place.bottom)]


def _rectangles(annotation: Any) -> list[Quad]:
    """Return left, top, right and bottom of each line of text that is marked."""
    if not raw.FPDFAnnot_HasAttachmentPoints(annotation):
        return []
    found = []
    points = raw.FS_QUADPOINTSF()
    for index in range(min(raw.FPDFAnnot_CountAttachmentPoints(annotation), _MARKS_MAX)):
        if raw.FPDFAnnot_GetAttachmentPoints(annotation, index, points):
            across = points.x1, points.x2, points.x3, points.x4
            up = points.y1, points.y2, points.y3, points.y4
            found.append((min(across), max(up), max(across), min(up)))
    return found
