"""Put together the cells of a row that the text page reports as lines of their own."""

from collections.abc import Iterable
from dataclasses import replace

from ingest.parsers.pdf_lines import Cell, Line

_OVERLAP_MIN = 0.5  # of the lower of two heights
_SHORT_SHARE_MAX = 0.25  # of the page's width: a cell, and no line of a column of text
_GAP_EMS = 1.2


def joined(lines: Iterable[Line], page_width: float) -> list[Line]:
    """Join each line with the ones after it that stand to its right at the same height."""
    found: list[Line] = []
    for line in lines:
        if found and _goes_on(found[-1], line, _SHORT_SHARE_MAX * page_width):
            found[-1] = _with(found[-1], line)
        else:
            found.append(line)
    return found


def _goes_on(row: Line, line: Line, short: float) -> bool:
    common = min(row.bottom, line.bottom) - max(row.top, line.top)
    level = common > _OVERLAP_MIN * min(row.bottom - row.top, line.bottom - line.top)
    apart = line.left - row.right > _GAP_EMS * max(row.size, line.size)
    last = _cells(row)[-1]
    return level and apart and min(last.right - last.left, line.right - line.left) < short


def _with(row: Line, line: Line) -> Line:
    return replace(
        row,
        text=f"{row.text} {line.text}",
        top=min(row.top, line.top),
        right=line.right,
        bottom=max(row.bottom, line.bottom),
        hyphenated=line.hyphenated,
        entry=line.entry,
        cells=[*_cells(row), *_cells(line)],
    )


def _cells(line: Line) -> list[Cell]:
    return line.cells or [Cell(line.text, line.left, line.right)]
