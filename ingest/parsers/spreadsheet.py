"""Workbooks (XLSX, XLS, ODS) by calamine: a sheet is a heading and its rows in windows."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import python_calamine as calamine

from ingest.blocks import Block, ParsedDocument
from ingest.errors import DocumentDamaged, DocumentEncrypted, DocumentTooLarge
from ingest.parsers import (
    building,
    cell_formats,
    comments,
    embedded,
    number_formats,
    ods_cells,
    sheet_comments,
    sheet_drawings,
    sheet_extent,
)
from ingest.parsers.rows import table_blocks
from ingest.settings import ParseLimits

_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


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
    formats = cell_formats.Formats(path)
    said = sheet_comments.by_sheet(path)
    cells_of = ods_cells.Workbook(path)
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
            shown = cells_of.sheet(metadata.name)
            rows = _Rows(sheet, in_cells, formats, said.get(metadata.name, ()), shown)
            blocks = [*table_blocks(rows), *rows.pictures, *rows.comments()]
        blocks += drawn.get(metadata.name, ())
        if blocks:
            yield building.heading(metadata.name, 1)
            yield from blocks


class _Rows:
    """The texts of a sheet's cells by row; what is written on cells or shown by them is put aside.

    Pictures that cells show, and comments, are there once all rows were read.
    """

    def __init__(
        self,
        sheet: Any,
        in_cells: Mapping[str, Block],
        formats: cell_formats.Formats,
        said: Sequence[sheet_comments.Comment],
        cells: ods_cells.SheetCells,
    ) -> None:
        self.pictures: list[Block] = []
        self._rows, self._in_cells, self._cells = sheet.to_python(), in_cells, cells
        self._corner = top, left = sheet.start or (0, 0)
        self._formats = formats.of_sheet(sheet.name, top, left, sheet.height, sheet.width)
        self._said: list[sheet_comments.Comment] = []
        self._noted: dict[tuple[int, int] | None, str] = {}
        self._note(said)

    def __iter__(self) -> Iterator[list[str]]:
        for number, row in enumerate(self._rows):
            self._note(self._cells.comments_to(self._corner[0] + number))
            texts = [self._shown(number, column, cell) for column, cell in enumerate(row)]
            if self._noted:
                for column, text in enumerate(texts):
                    if (number, column) in self._noted:
                        self._noted[number, column] = text
            yield texts
        self._note(self._cells.rest())

    def _note(self, said: Iterable[sheet_comments.Comment]) -> None:
        """Keep comments until what their cells say is known."""
        for one in said:
            self._said.append(one)
            self._noted.setdefault(_place(one.cell, *self._corner), "")

    def comments(self) -> Iterator[Block]:
        """Yield what people wrote on cells, with what these say."""
        for one in self._said:
            text = self._noted[_place(one.cell, *self._corner)]
            yield comments.block(one.author, one.text, one.cell, text)

    def _shown(self, row: int, column: int, cell: object) -> str:
        text = _text(cell)
        if isinstance(cell, float) and (show := self._formats.show(row, column)):
            shown = show(cell)
            return f"{shown.text} ({text})" if shown.is_coarse and shown.text else shown.text
        if isinstance(cell, float) and (seen := self._cells.shown(self._corner[1] + column, cell)):
            coarse = seen != text and number_formats.rounds(seen, cell)
            return f"{seen} ({text})" if coarse else seen
        name = sheet_drawings.name_in_cell(text) if self._in_cells else None
        if name is None or name not in self._in_cells:
            return text
        self.pictures.append(self._in_cells[name])
        return ""


def _place(reference: str, top: int, left: int) -> tuple[int, int] | None:
    """Return row and column of a reference ("B2") from a sheet's first cell that is used."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return None
    return int(found[2]) - 1 - top, sheet_extent.column_number(found[1].encode()) - 1 - left


def _text(cell: object) -> str:
    """Show a value as people see it: whole numbers without a fraction, dates in ISO 8601."""
    match cell:
        case bool():
            return "TRUE" if cell else "FALSE"
        case float():
            return _number(cell)
        case dt.datetime():
            day_only = cell.time() == dt.time()
            return cell.date().isoformat() if day_only else cell.isoformat(sep=" ")
        case dt.timedelta():
            return _duration(cell)
        case dt.date() | dt.time():
            return cell.isoformat()
        case _:
            return str(cell)


def _number(value: float) -> str:
    """Write a number; its digits after the 15th are what computing left over."""
    if value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - exact up to there
        return str(int(value))
    return repr(float(f"{value:.15g}"))


def _duration(value: dt.timedelta) -> str:
    minutes, seconds = divmod(round(value.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
