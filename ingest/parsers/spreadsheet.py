"""Workbooks (XLSX, XLS) by calamine: a sheet is a heading and its rows in windows."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import python_calamine as calamine

from ingest.blocks import Block, ParsedDocument
from ingest.errors import DocumentDamaged, DocumentEncrypted, DocumentTooLarge
from ingest.parsers import building, sheet_extent
from ingest.parsers.rows import table_blocks
from ingest.settings import ParseLimits


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:
    """Read a heading for each sheet and table blocks that repeat its first row.

    Raises:
        DocumentDamaged, DocumentEncrypted, DocumentTooLarge.
        SheetTooSparse: see `sheet_extent.admit`.
    """
    sheet_extent.admit(path, limits.sheet_cells_max)
    try:
        with calamine.load_workbook(path) as workbook:
            return building.document(_sheets(workbook, limits.sheet_cells_max))
    except calamine.PasswordError as error:
        raise DocumentEncrypted from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise DocumentDamaged from error


def _sheets(workbook: Any, cells_max: int) -> Iterator[Block]:
    cells = 0
    for metadata in workbook.sheets_metadata:
        if metadata.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        if metadata.visible != calamine.SheetVisibleEnum.Visible:
            continue  # nobody who opens the workbook sees it
        sheet = workbook.get_sheet_by_name(metadata.name)
        cells += sheet.height * sheet.width
        if cells > cells_max:
            raise DocumentTooLarge
        blocks = list(table_blocks([_text(cell) for cell in row] for row in sheet.to_python()))
        if blocks:
            yield building.heading(metadata.name, 1)
            yield from blocks


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
