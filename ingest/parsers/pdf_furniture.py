"""Drop what pages repeat: running headers and footers, and page numbers."""

import re
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import replace
from statistics import median
from typing import TypeVar

from ingest.parsers.pdf_lines import Line, Page

_Form = TypeVar("_Form", bound=Hashable)

_MARGIN = 0.1  # of the page height, at the top and at the bottom
_EDGE_LINES = 4
_PAGES_MIN = 3
_PAGES_SHARE_MIN = 0.25
_SAME_HEIGHT_POINTS = 4
_BANNER_GAP = 0.9  # in sizes of the line
_BANNER_SHARE_MIN = 0.9
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(
    r"^\W*(?:page|p\.|第)?\s*(?:\d{1,4}|[ivxlc]{1,6})\s*(?:(?:of|/|共)\s*\d{1,4})?\s*页?\W*$",
    re.IGNORECASE,
)


def without_furniture(pages: list[Page]) -> list[Page]:
    """Pages without the lines in their margins that several pages have in the same form.

    What would leave nothing of a document is no furniture: labels, numbered sheets.
    """
    margins = [_margin_lines(page) for page in pages]
    least = max(_PAGES_MIN, _PAGES_SHARE_MIN * len(pages))
    repeated = _frequent((map(_form, lines) for lines in margins), least)
    running = _frequent((map(_place, _outermost(lines)) for lines in margins), _PAGES_MIN)
    banners = _banners(pages, least)
    numbers = _last_line_numbers(pages)
    numbers = numbers if len(numbers) >= least else set()
    kept = []
    for page, lines in zip(pages, margins, strict=True):
        dropped = (
            numbers
            | banners
            | {
                id(line)
                for line in lines
                if _form(line) in repeated
                or _place(line) in running
                or (len(pages) > 1 and _PAGE_NUMBER.match(line.text))
            }
        )
        kept.append(replace(page, lines=[line for line in page.lines if id(line) not in dropped]))
    return kept if any(page.lines for page in kept) else pages


def _frequent(pages: Iterable[Iterable[_Form]], least: float) -> set[_Form]:
    counts = Counter(form for forms in pages for form in set(forms))
    return {form for form, count in counts.items() if count >= least}


def _outermost(lines: list[Line]) -> list[Line]:
    """Take the first and the last line of a page's margins."""
    return [lines[0], lines[-1]] if lines else []


def _banners(pages: list[Page], least: float) -> set[int]:
    """Ids of running titles that change from page to page, as "3.1 Terms" above each page.

    They stand first on the page, in letters no larger than the text, at a height where nearly
    every such line stands apart from what follows; text that begins there would often go on.
    """
    body = median([line.size for page in pages for line in page.lines] or [0.0])
    rows: dict[int, list[list[Line]]] = {}
    for page in pages:
        row, apart = _first_row(page)
        if row and row[0].size <= body:
            rows.setdefault(round(row[0].top / _SAME_HEIGHT_POINTS), []).append(
                row if apart else []
            )
    return {
        id(line)
        for same_height in rows.values()
        if sum(map(bool, same_height)) >= max(least, _BANNER_SHARE_MIN * len(same_height))
        for row in same_height
        for line in row
    }


def _first_row(page: Page) -> tuple[list[Line], bool]:
    """Lines that stand highest, if in the top margin, and whether space follows them."""
    lines = sorted(page.lines, key=lambda line: line.top)
    row = [line for line in lines if line.top < lines[0].bottom]
    if len(row) == len(lines) or row[0].bottom > _MARGIN * page.height:
        return [], False
    bottom = max(line.bottom for line in row)
    return row, lines[len(row)].top - bottom > _BANNER_GAP * row[0].size


def _place(line: Line) -> tuple[int, str]:
    """Height on the page and first cell: "Chapter 2" above each of its pages, page by page."""
    first = line.cells[0].text if line.cells else line.text
    return round(line.top / _SAME_HEIGHT_POINTS), _DIGITS.sub("#", first.casefold())


def _margin_lines(page: Page) -> list[Line]:
    """Lines in the margins that are also among the outermost few of the page."""
    lines = sorted(page.lines, key=lambda line: line.top)
    top = [line for line in lines[:_EDGE_LINES] if line.bottom < _MARGIN * page.height]
    rest = lines[_EDGE_LINES:] if len(lines) <= 2 * _EDGE_LINES else lines[-_EDGE_LINES:]
    return top + [line for line in rest if line.top > (1 - _MARGIN) * page.height]


def _last_line_numbers(pages: list[Page]) -> set[int]:
    """Ids of page numbers that end a page, wherever its text ends."""
    lowest = (max(page.lines, key=lambda line: line.bottom) for page in pages if page.lines)
    return {id(line) for line in lowest if _PAGE_NUMBER.match(line.text)}


def _form(line: Line) -> str:
    """Fold a text with numbers made equal: "12 | Annual report" repeats as "# | Annual report"."""
    return _DIGITS.sub("#", line.text.casefold())
