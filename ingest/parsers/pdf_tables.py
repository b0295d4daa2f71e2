"""Rows and columns of a table on a page, from where its lines stand.

A column is a stretch of the page's width that cells cover and its neighbours leave free; a few
cells may span several. A row whose lines are parted by no rule although the table has rules is one
row, so a cell that runs over three lines stays a cell.
"""

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from ingest.parsers.characters import join_lines
from ingest.parsers.pdf_lines import Cell, Line

_FIGURE = re.compile(r"^\W*\d[\d.,\s]*\W*$")
_SIGNS_BEFORE = frozenset("$€£¥")
_SIGNS_AFTER = frozenset({"%", ")", ")%"})
_SPANNING_SHARE_MAX = 0.15  # of the lines may cross the space between two columns
_SPACE_POINTS_MIN = 2
_LINES_PER_ROW_MAX = 8


def rows(lines: Sequence[Line], rules: Sequence[float]) -> Iterator[tuple[list[str], list[Line]]]:
    """Cells of each row, empty ones included, with the lines that it is made of.

    `rules` are the heights of horizontal lines drawn on the page, in its unit.
    """
    edges = _column_edges(lines)
    for row in _grouped(lines, rules, edges):
        cells = [""] * (len(edges) + 1)
        for line in row:
            for cell in _cells(line):
                column = _column(cell, edges)
                cells[column] = join_lines(cells[column], cell.text)
        yield cells, row


def _cells(line: Line) -> list[Cell]:
    """Cells of a line; a currency or percent sign that stands apart belongs to its number."""
    found: list[Cell] = []
    sign = ""
    for cell in line.cells or [Cell(line.text, line.left, line.right)]:
        if cell.text in _SIGNS_BEFORE:
            sign += cell.text
        elif cell.text in _SIGNS_AFTER and found:
            found[-1] = replace(found[-1], text=found[-1].text + cell.text)
        else:
            found.append(replace(cell, text=sign + cell.text))
            sign = ""
    return found


def _column_edges(lines: Sequence[Line]) -> list[float]:
    """Find the middles of the spaces between columns, from left to right."""
    left = min(line.left for line in lines)
    width = int(max(line.right for line in lines) - left) + 1
    covered = [0] * (width + 1)
    for line in lines:
        for cell in _cells(line):
            for point in range(int(cell.left - left), int(cell.right - left)):
                covered[min(max(point, 0), width)] += 1
    allowed = int(_SPANNING_SHARE_MAX * len(lines))
    edges, at = [], 0
    for free, group in groupby(covered, key=lambda count: count <= allowed):
        size = len(list(group))
        if free and size >= _SPACE_POINTS_MIN and at > 0 and at + size < len(covered):
            edges.append(left + at + size / 2)
        at += size
    return edges


def _column(cell: Cell, edges: list[float]) -> int:
    """Take the column that the middle of a cell is in; one that spans several, their first."""
    first, last = bisect(edges, cell.left), bisect(edges, cell.right)
    return bisect(edges, (cell.left + cell.right) / 2) if last - first <= 1 else first


def _grouped(
    lines: Sequence[Line], rules: Sequence[float], edges: list[float]
) -> Iterator[list[Line]]:
    """Lines that no rule parts, where the rules are those of rows; else each line by itself."""
    for _, group in groupby(lines, key=lambda line: bisect(rules, _middle(line))):
        between = list(group)
        if rules and _is_one_row(between, edges):
            yield between
        else:
            yield from ([line] for line in between)


def _is_one_row(lines: Sequence[Line], edges: list[float]) -> bool:
    """Whether the lines can be the wrapped cells of a row: no column has two figures in them."""
    figures = [
        _column(cell, edges) for line in lines for cell in _cells(line) if _FIGURE.search(cell.text)
    ]
    return len(lines) <= _LINES_PER_ROW_MAX and len(set(figures)) == len(figures)


def _middle(line: Line) -> float:
    return (line.top + line.bottom) / 2
