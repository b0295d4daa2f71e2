"""Refuse a sheet whose used area is absurd, before a library allocates it.

calamine lays a sheet out as a full rectangle, so one value in XFD1048576 asks for 17 billion
cells. The references of the cells are scanned in the packed XML; one that hides from the scan
still meets the memory limit of the parser process.
"""

import re
import zipfile
import zlib
from pathlib import Path
from typing import IO

from ingest.errors import DocumentDamaged, SheetTooSparse

_REFERENCE = re.compile(rb"""<(?:\w+:)?c\s[^>]{0,200}?\br\s*=\s*["']([A-Z]{1,3})([0-9]{1,7})["']""")
_BLOCK_BYTES = 1024 * 1024
_OVERLAP_BYTES = 256
_LETTERS = 26


def admit(path: Path, cells_max: int) -> None:
    """Check every sheet; a file that is no ZIP (XLS) passes.

    Raises:
        SheetTooSparse, DocumentDamaged.
    """
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    with archive.open(name) as sheet:
                        _admit_sheet(sheet, cells_max)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise DocumentDamaged from error


def _admit_sheet(sheet: IO[bytes], cells_max: int) -> None:
    rows, columns = [1 << 20, 0], [1 << 14, 0]
    rest = b""
    while data := sheet.read(_BLOCK_BYTES):
        text = rest + data
        for letters, digits in _REFERENCE.findall(text):
            row, column = int(digits), column_number(letters)
            rows = [min(rows[0], row), max(rows[1], row)]
            columns = [min(columns[0], column), max(columns[1], column)]
        if rows[1] and (rows[1] - rows[0] + 1) * (columns[1] - columns[0] + 1) > cells_max:
            raise SheetTooSparse
        rest = text[-_OVERLAP_BYTES:]


def column_number(letters: bytes) -> int:
    """Count the column of a reference, from 1."""
    number = 0
    for letter in letters:
        number = number * _LETTERS + letter - ord("A") + 1
    return number


def reference(row: int, column: int) -> str:
    """Name a cell by its row and column, from 0: "B2"."""
    letters, number = "", column + 1
    while number:
        number, letter = divmod(number - 1, _LETTERS)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"
