"""Which number format each cell of a workbook has; the library gives values alone."""

import re
import zipfile
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from lxml import etree

from ingest.parsers import package, workbook_parts
from ingest.parsers.number_formats import Show, compiled
from ingest.parsers.relations import relations
from ingest.parsers.sheet_extent import column_number

# Every program writes the attributes of a cell in this order.
_CELL: Final = re.compile(
    rb'<(?:\w{1,10}:)?c r="([A-Z]{1,3})([0-9]{1,7})"[^>]{0,60}? s="([0-9]{1,5})"'
)
_BLOCK_BYTES, _OVERLAP_BYTES = 1024 * 1024, 128
_FORMATS_MAX: Final = 65_000  # as many as a program admits
# ECMA-376, 18.8.30: the codes that a file need not hold.
_BUILT_IN: Final = {
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    37: "#,##0_);(#,##0)",
    38: "#,##0_);(#,##0)",
    39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);(#,##0.00)",
    48: "##0.0E+0",
}


class Formats:
    """The formats of a workbook; of one that is no package (XLS) or names none, there are none.

    Raises:
        DocumentDamaged: here and in `of_sheet`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sheets: Mapping[str, str] = {}
        self._shows: Sequence[Show | None] = ()
        if zipfile.is_zipfile(path):
            with package.opened(path) as parts:
                self._sheets = workbook_parts.of_sheets(parts)
                self._shows = _shows_of(parts) if self._sheets else ()

    def of_sheet(self, name: str, top: int, left: int, height: int, width: int) -> "CellFormats":
        """Find the formats of the cells of a rectangle."""
        formats = CellFormats(self._shows, width)
        part = self._sheets.get(name)
        if self._shows and part is not None:
            formats.extend(height)
            with package.opened(self._path) as parts, parts.open(part) as sheet:
                for row, column, style in _cells(sheet):
                    if 0 <= row - top < height and 0 <= column - left < width:
                        formats.put(row - top, column - left, style)
        return formats


class CellFormats:
    """What shows each cell of a rectangle; two bytes for each."""

    def __init__(self, shows: Sequence[Show | None], width: int) -> None:
        self._shows = shows
        self._width = width
        self._styles = array("H")

    def extend(self, height: int) -> None:
        """Make room."""
        self._styles = array("H", bytes(2 * height * self._width))

    def put(self, row: int, column: int, style: int) -> None:
        """Give a cell the format of a style; 0 stands for none."""
        if style < len(self._shows) and self._shows[style] is not None:
            self._styles[row * self._width + column] = style + 1

    def show(self, row: int, column: int) -> Show | None:
        """Return what writes a cell's number; None where its value is what counts."""
        style = self._styles[row * self._width + column] if self._styles else 0
        return self._shows[style - 1] if style else None


def _shows_of(parts: zipfile.ZipFile) -> Sequence[Show | None]:
    """Return what writes numbers by the style of a cell; nothing where no style does."""
    related = relations(parts, workbook_parts.WORKBOOK)
    styles = next((one.part for one in related if one.kind == "styles"), "")
    if styles not in parts.namelist():
        return ()
    found = list(_shows(package.xml(package.part(parts, styles))))
    return found if any(found) else ()


def _shows(styles: etree._Element) -> Iterator[Show | None]:
    own = {one.get("numFmtId"): one.get("formatCode", "") for one in styles.iter("{*}numFmt")}
    codes = {str(key): code for key, code in _BUILT_IN.items()} | own
    for number, cell in enumerate(styles.iterfind("{*}cellXfs/{*}xf")):
        if number < _FORMATS_MAX:
            code = codes.get(cell.get("numFmtId"))
            yield None if code is None else compiled(code)


def _cells(sheet: IO[bytes]) -> Iterator[tuple[int, int, int]]:
    """Yield row and column (from 0) and style of each cell that names one."""
    rest = b""
    while data := sheet.read(_BLOCK_BYTES):
        text = rest + data
        for letters, digits, style in _CELL.findall(text):
            yield int(digits) - 1, column_number(letters) - 1, int(style)
        rest = text[-_OVERLAP_BYTES:]
