"""Strips of recognised text to the lines of a page, as the layout of PDFs wants them.

Strips of one row become cells of one line. A page that was scanned askew is levelled by the median
slope of its strips; sizes near the common one count as it, because a strip is as high as its
letters happen to be.
"""

from dataclasses import replace
from statistics import median

from ingest.parsers.characters import join_lines, one_line
from ingest.parsers.ocr import Strip
from ingest.parsers.pdf_lines import Cell, Line, Page
from ingest.parsers.scan_turns import Reading

_EM = 0.85  # font size over height of a strip
_CELL_GAP_EMS = 1.2
_OVERLAP_MIN = 0.5  # of the lower of two heights, to stand in one row
_LIKE_BODY = (0.72, 1.32)
_LONG_STRIP = 4.0  # widths over height from which a slope can be told


def page(number: int, reading: Reading) -> Page:
    """Arrange the strips of page `number` (from 1); the unit of the page is the pixel."""
    found = [strip for strip in reading.strips if one_line(strip.text)]
    body = _body_height(found)
    lines = [_line(number, row, body) for row in _rows(_levelled(found))]
    return Page(number, float(reading.width), float(reading.height), lines, turns=reading.turns)


def _body_height(strips: list[Strip]) -> float:
    """Return the height of strips that most characters stand in."""
    heights = sorted(strip.height for strip in strips for _ in strip.text)
    return heights[len(heights) // 2] if heights else 1.0


def _levelled(strips: list[Strip]) -> list[tuple[float, Strip]]:
    """Pair each strip with how far it must go up for its row to be level."""
    long = [
        strip.slope for strip in strips if strip.right - strip.left > _LONG_STRIP * strip.height
    ]
    slope = median(long) if long else 0.0
    return [(slope * strip.left, strip) for strip in strips]


def _rows(strips: list[tuple[float, Strip]]) -> list[list[Strip]]:
    """Group strips that overlap in height and stand beside each other; from the top down."""
    rows: list[list[tuple[float, Strip]]] = []
    for shift, strip in sorted(strips, key=lambda pair: pair[1].top - pair[0]):
        for row in reversed(rows[-8:]):
            if all(_beside(shift, strip, *other) for other in row):
                row.append((shift, strip))
                break
        else:
            rows.append([(shift, strip)])
    rows.sort(key=lambda row: median((s.top + s.bottom) / 2 - shift for shift, s in row))
    return [sorted((strip for _, strip in row), key=lambda strip: strip.left) for row in rows]


def _beside(shift: float, strip: Strip, other_shift: float, other: Strip) -> bool:
    common = min(strip.bottom - shift, other.bottom - other_shift) - max(
        strip.top - shift, other.top - other_shift
    )
    if strip.is_stamped or other.is_stamped:
        return False
    apart = strip.left >= other.right or other.left >= strip.right
    return apart and common > _OVERLAP_MIN * min(strip.height, other.height)


def _line(number: int, row: list[Strip], body: float) -> Line:
    size = _EM * _snapped(max(strip.height for strip in row), body)
    cells = _cells(row, size)
    return Line(
        page=number,
        text=" ".join(cell.text for cell in cells),
        left=row[0].left,
        top=min(strip.top for strip in row),
        right=max(strip.right for strip in row),
        bottom=max(strip.bottom for strip in row),
        size=size,
        bold=False,
        cells=cells if len(cells) > 1 else [],
    )


def _snapped(height: float, body: float) -> float:
    """Bring a height to the body's, or to a multiple of a quarter of it."""
    low, high = _LIKE_BODY
    return body if low * body <= height <= high * body else round(4 * height / body) / 4 * body


def _cells(row: list[Strip], size: float) -> list[Cell]:
    cells: list[Cell] = []
    for strip in row:
        text = one_line(strip.text)
        if cells and strip.left - cells[-1].right < _CELL_GAP_EMS * size:
            cells[-1] = replace(cells[-1], text=join_lines(cells[-1].text, text), right=strip.right)
        else:
            cells.append(Cell(text, strip.left, strip.right))
    return cells
