"""Tables of contents: entries without dots lose their page number, too.

Chapters often stand between dotted entries with nothing but a gap before the number. A line counts
as an entry when its last cell is a page number that ends where the dotted entries of the page do.
"""

import re
from dataclasses import replace

from ingest.parsers.pdf_lines import Line, Page

_ENTRIES_MIN = 3  # dotted ones, for a page to be one of a table of contents
_SAME_EDGE_POINTS = 2.0
_NUMBER = re.compile(r"\d{1,4}|[ivxlc]{1,6}")


def with_entries(page: Page) -> Page:
    """Mark the undotted entries of a table of contents, without their page numbers."""
    edges = sorted(line.right for line in page.lines if line.entry)
    if len(edges) < _ENTRIES_MIN:
        return page
    edge = edges[len(edges) // 2]
    return replace(page, lines=[_entry(line, edge) for line in page.lines])


def _entry(line: Line, edge: float) -> Line:
    if len(line.cells) < 2 or abs(line.right - edge) > _SAME_EDGE_POINTS:  # noqa: PLR2004 - title and number
        return line
    *title, number = line.cells
    if not _NUMBER.fullmatch(number.text):
        return line
    text = " ".join(cell.text for cell in title)
    return replace(line, text=text, entry=True, cells=[])
