"""What people typed into the blanks of a page that is no form is read where it stands.

It is put behind the words in its row. Longer notes, and those beside lines of running text, would
break a sentence there: they stay marks, which follow their paragraph.
"""

import re
from dataclasses import replace
from typing import Final

from ingest.parsers import pdf_rows
from ingest.parsers.pdf_calls import Quad
from ingest.parsers.pdf_lines import Line, Page
from ingest.parsers.pdf_marks import Mark

_ROW_HEIGHT_MAX: Final = 2.5  # in sizes of the line
_OVERLAP_MIN: Final = 0.5  # of the lower of two heights, to stand in one row
_LABEL_SHARE_MAX: Final = 0.5  # of the page's width; a longer line is running text
_BLANK: Final = re.compile(r"_{3}|\.{4}|…{2}")


def filled(page: Page, *, is_scan: bool) -> Page:
    """Make lines of what is typed into blanks; leave out what lies beyond the edge of the page.

    On a scan all that is typed stays beside what OCR will read.
    """
    lines, marks = list(page.lines), []
    for mark in page.marks:
        if not mark.typed:
            marks.append(mark)
        elif _is_seen(mark, page):
            label = None if is_scan else _label(page, mark.places[0])
            if label is None:
                marks.append(mark)
            else:
                at = next(at for at, line in enumerate(lines) if line is label)
                lines.insert(at + 1, _line(mark, label))
    if len(lines) > len(page.lines):
        lines = pdf_rows.joined(lines, page.width)
    return replace(page, lines=lines, marks=tuple(marks))


def _is_seen(mark: Mark, page: Page) -> bool:
    return any(
        right > 0 and bottom > 0 and left < page.width and top < page.height
        for left, top, right, bottom in mark.places
    )


def _label(page: Page, place: Quad) -> Line | None:
    """Find the words whose blank is filled in: the last ones to the left in the row."""
    left, top, _, bottom = place
    labels = [
        line
        for line in page.lines
        if line.left <= left
        and bottom - top < _ROW_HEIGHT_MAX * line.size
        and min(line.bottom, bottom) - max(line.top, top)
        > _OVERLAP_MIN * min(line.bottom - line.top, bottom - top)
    ]
    label = max(labels, key=lambda line: line.left, default=None)
    if label is None or _BLANK.search(label.text):
        return label
    is_short = label.right - label.left < _LABEL_SHARE_MAX * page.width
    return label if is_short and label.right <= left else None


def _line(mark: Mark, label: Line) -> Line:
    left, top, right, bottom = mark.places[0]
    return Line(label.page, mark.text, left, top, right, bottom, label.size, bold=False)
