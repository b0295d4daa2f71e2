"""What the cells of a workbook (ODS) show, and comments on them; the library gives values alone.

A large sheet has millions of cells, so they are read row by row, beside the library's own rows.
"""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import IO, Final

from lxml import etree

from ingest.parsers import odf
from ingest.parsers.sheet_comments import Comment
from ingest.parsers.sheet_extent import reference

_NAMESPACE: Final = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
_TABLE, _OFFICE, _TEXT = (_NAMESPACE % name for name in ("table", "office", "text"))
_CREATOR: Final = "{http://purl.org/dc/elements/1.1/}creator"
_SHEET, _ROW = f"{_TABLE}table", f"{_TABLE}table-row"
_CELL, _COVERED = f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"
_COLUMNS, _ROWS = f"{_TABLE}number-columns-repeated", f"{_TABLE}number-rows-repeated"
_VALUE, _PARAGRAPH, _COMMENT = f"{_OFFICE}value", f"{_TEXT}p", f"{_OFFICE}annotation"
_CONTENT, _WORKBOOK = "content.xml", "xl/workbook.xml"
_REPEATED_MAX: Final = 20_000  # more columns than a program has
# A file that the library reads and this one cannot: its values still count.
_DAMAGE: Final = (
    etree.XMLSyntaxError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
)


@dataclass(slots=True)
class _Row:
    """Rows of a sheet that are alike, from the first up to `end`: values with what is shown."""

    sheet: str
    end: int
    numbers: dict[int, tuple[str, str]] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)


class Workbook:
    """The cells of a workbook, sheet by sheet in its order; none of what is no ODS."""

    def __init__(self, path: Path) -> None:
        self._sheets = groupby(_rows(path), key=lambda row: row.sheet)

    def sheet(self, name: str) -> "SheetCells":
        """Go on to a sheet; those before it are left behind."""
        return SheetCells(next((rows for found, rows in self._sheets if found == name), iter(())))


class SheetCells:
    """The cells of a sheet, to be asked from top to bottom; rows and columns count from 0."""

    def __init__(self, rows: Iterator[_Row]) -> None:
        self._rows = rows
        self._row = _Row("", 0)

    def comments_to(self, row: int) -> Iterator[Comment]:
        """Go on to a row; yield the comments on the cells up to it."""
        while self._row.end <= row:
            following = next(self._rows, None)
            if following is None:
                self._row = _Row("", row + 1)
                return
            self._row = following
            yield from following.comments

    def rest(self) -> Iterator[Comment]:
        """Yield the comments below the last row that was asked for."""
        for row in self._rows:
            yield from row.comments

    def shown(self, column: int, value: float) -> str:
        """Return what a number of this row is shown as, "" where nothing says so."""
        written, text = self._row.numbers.get(column, ("", ""))
        return text if text and _is(written, value) else ""


def _is(written: str, value: float) -> bool:
    """Whether the library counted the columns in the same way."""
    try:
        return float(written) == value
    except ValueError:
        return False


def _rows(path: Path) -> Iterator[_Row]:
    """Yield the rows of all sheets; each sheet begins with one of no height."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as parts:
            if _CONTENT in parts.namelist() and _WORKBOOK not in parts.namelist():
                with parts.open(_CONTENT) as content:
                    yield from _read(content)
    except _DAMAGE:
        return


def _read(content: IO[bytes]) -> Iterator[_Row]:
    tables: list[str] = []
    row = _Row("", 0)
    for event, element in _steps(content):
        if element.tag == _ROW:
            if len(tables) == 1 and event == "end":  # a table within a cell is none of the sheet
                row = _row(row, element)
                yield row
                _forget(element)
        elif event == "end":
            tables.pop()
        else:
            tables.append(element.get(f"{_TABLE}name", ""))
            if len(tables) == 1:
                row = _Row(tables[0], 0)
                yield row


def _steps(content: IO[bytes]) -> Iterator[tuple[str, etree._Element]]:
    return etree.iterparse(
        content,
        events=("start", "end"),
        tag=(_SHEET, _ROW),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
    )


def _row(above: _Row, element: etree._Element) -> _Row:
    row, column = _Row(above.sheet, above.end + _repeated(element, _ROWS)), 0
    for cell in element.iterchildren(_CELL, _COVERED):
        times = _repeated(cell, _COLUMNS)
        value = cell.get(_VALUE)
        if value is not None:
            shown = value, _shown(cell)
            for each in range(column, column + min(times, _REPEATED_MAX)):
                row.numbers[each] = shown
        for one in cell.iterchildren(_COMMENT):
            text = " ".join(map(odf.text_of, one.iter(_PARAGRAPH)))
            place = reference(above.end, column)
            row.comments.append(Comment(place, one.findtext(_CREATOR), text))
        column += times
    return row


def _shown(cell: etree._Element) -> str:
    if len(cell) == 1 and cell[0].tag == _PARAGRAPH and not len(cell[0]):  # nearly always so
        return cell[0].text or ""
    return " ".join(map(odf.text_of, cell.iterchildren(_PARAGRAPH)))


def _repeated(element: etree._Element, name: str) -> int:
    times = element.get(name, "1")
    return int(times) if times.isdecimal() else 1


def _forget(element: etree._Element) -> None:
    """Free what was read."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
