"""Reading order where a page's content runs across two columns line by line.

Producers mostly write one column after the other, and then the order is right as it is. Where a
line holds the text of both columns, with the same gutter in most lines, it is cut there and the
left halves are read before the right ones.
"""

from dataclasses import replace
from itertools import groupby

from ingest.parsers.pdf_lines import Cell, Line, Page

_LINES_MIN = 5
_CELL_CHARACTERS_MIN = 18  # of running text, on average; cells of tables are shorter
_SHARE_MIN = 0.6


def in_reading_order(page: Page) -> list[Line]:
    """Order the lines of a page, the left column before the right one."""
    gutter = _gutter(page)
    if gutter is None:
        return page.lines
    ordered: list[Line] = []
    for across, group in groupby(page.lines, key=lambda line: _crosses(line, gutter)):
        lines = list(group)
        if across:
            ordered += lines
            continue
        halves = [half for line in lines for half in _halves(line, gutter)]
        ordered += [half for half in halves if half.right <= gutter]
        ordered += [half for half in halves if half.right > gutter]
    return ordered


def _gutter(page: Page) -> float | None:
    """Find the middle of the gap that most two-celled lines of running text share."""
    pairs = [line.cells for line in page.lines if len(line.cells) == 2]  # noqa: PLR2004 - columns
    wide = [line for line in page.lines if line.right - line.left > page.width / 2]
    if len(pairs) < _LINES_MIN or len(pairs) < _SHARE_MIN * len(wide):
        return None
    characters = sum(len(cell.text) for pair in pairs for cell in pair)
    if characters < _CELL_CHARACTERS_MIN * 2 * len(pairs):
        return None
    left = max(sorted(pair[0].right for pair in pairs)[: int(len(pairs) * 0.9) + 1])
    right = min(sorted(pair[1].left for pair in pairs)[int(len(pairs) * 0.1) :])
    middle = (left + right) / 2
    return middle if left < right and 0.3 < middle / page.width < 0.7 else None  # noqa: PLR2004 - the middle part of the page


def _crosses(line: Line, gutter: float) -> bool:
    if line.cells:
        return any(cell.left < gutter < cell.right for cell in line.cells)
    return line.left < gutter < line.right


def _halves(line: Line, gutter: float) -> list[Line]:
    if not line.cells:
        return [line]
    sides = (
        [cell for cell in line.cells if cell.right <= gutter],
        [cell for cell in line.cells if cell.right > gutter],
    )
    return [_part(line, cells, last=cells is sides[1]) for cells in sides if cells]


def _part(line: Line, cells: list[Cell], *, last: bool) -> Line:
    return replace(
        line,
        text=" ".join(cell.text for cell in cells),
        left=cells[0].left,
        right=cells[-1].right,
        hyphenated=line.hyphenated and last,
        cells=cells if len(cells) > 1 else [],
    )
