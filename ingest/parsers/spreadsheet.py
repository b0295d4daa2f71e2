"""Workbooks (XLSX, XLS, ODS) by calamine: a sheet is a heading and its rows in windows."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import python_calamine as calamine

from ingest.blocks import Block, ParsedDocument
from ingest.errors import DocumentDamaged, DocumentEncrypted, DocumentTooLarge
from ingest.parsers import building, embedded, sheet_drawings, sheet_extent
from ingest.parsers.rows import table_blocks
from ingest.settings import ParseLimits


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:
    """Read a heading for each sheet, table blocks that repeat its first row, and what lies on it.

    Raises:
        DocumentDamaged, DocumentEncrypted, DocumentTooLarge.
        SheetTooSparse: see `sheet_extent.admit`.
    """
    sheet_extent.admit(path, limits.sheet_cells_max)
    try:
        with calamine.load_workbook(path) as workbook:
            blocks = list(_sheets(workbook, path, limits.sheet_cells_max))
    except calamine.PasswordError as error:
        raise DocumentEncrypted from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise DocumentDamaged from error
    return embedded.document(blocks, path, limits)


def _sheets(workbook: Any, path: Path, cells_max: int) -> Iterator[Block]:
    cells = 0
    drawn, in_cells = sheet_drawings.drawings(path), sheet_drawings.in_cells(path)
    for metadata in workbook.sheets_metadata:
        if metadata.visible != calamine.SheetVisibleEnum.Visible:
            continue  # nobody who opens the workbook sees it
        blocks: list[Block] = []
        if metadata.typ == calamine.SheetTypeEnum.WorkSheet:
            sheet = workbook.get_sheet_by_name(metadata.name)
            cells += sheet.height * sheet.width
            if cells > cells_max:
                raise DocumentTooLarge
            rows = _Rows(sheet.to_python(), in_cells)
            blocks = [*table_blocks(rows), *rows.pictures]
        blocks += drawn.get(metadata.name, ())
        if blocks:
            yield building.heading(metadata.name, 1)
            yield from blocks


class _Rows:
    """The texts of a sheet's cells by row; the pictures that cells show are put aside."""

    def __init__(self, rows: Iterable[Sequence[object]], in_cells: Mapping[str, Block]) -> None:
        self.pictures: list[Block] = []
        self._rows, self._in_cells = rows, in_cells

    def __iter__(self) -> Iterator[list[str]]:
        for row in self._rows:
            yield [self._shown(_text(cell)) for cell in row]

    def _shown(self, text: str) -> str:
        name = sheet_drawings.name_in_cell(text) if self._in_cells else None
        if name is None or name not in self._in_cells:
            return text
        self.pictures.append(self._in_cells[name])
        return ""


def _text(cell: object) -> str:
    """Show a cell as people see it: whole numbers without a fraction, dates in ISO 8601."""
    match cell:
        case bool():
            return "TRUE" if cell else "FALSE"
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)  # noqa: PLR2004 - exact up to there
        case dt.datetime():
            day_only = cell.time() == dt.time()
            return cell.date().isoformat() if day_only else cell.isoformat(sep=" ")
        case dt.date() | dt.time():
            return cell.isoformat()
        case _:
            return str(cell)
