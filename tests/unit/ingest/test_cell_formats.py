"""Cells of a workbook are read as people see them."""

import datetime as dt
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import xlsxwriter

from ingest.parsers import spreadsheet
from ingest.settings import ParseLimits

Cells = Mapping[str, tuple[object, str | None]]


def workbook(path: Path, cells: Cells) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Data")
        for place, (value, code) in cells.items():
            shown = book.add_format({"num_format": code}) if code else None
            sheet.write(place, value, shown)
    return path


def rows(path: Path) -> list[list[str]]:
    [table] = [one for one in spreadsheet.parse(path, ParseLimits()).blocks if one.kind == "table"]
    return [row.split("\t") for row in table.text.split("\n")]


def test_numbers_are_shown_by_their_formats_wherever_a_sheet_begins(tmp_path: Path) -> None:
    cells: Cells = {
        "C5": ("item", None),
        "D5": ("margin", None),
        "C6": ("Widget", None),
        "D6": (0.125, "0.0%"),
        "E6": (1234567, "#,##0"),
        "D7": (0.12345678, "0%"),
        "E7": (0.1 + 0.2, None),
        "E8": (123, "00000"),
        "F8": (dt.date(2026, 11, 23), "d mmm yyyy"),
        "F9": (1.5, "[h]:mm"),
    }
    assert rows(workbook(tmp_path / "a.xlsx", cells)) == [
        ["item", "margin"],
        ["Widget", "12.5%", "1,234,567"],
        ["", "12% (0.12345678)", "0.3"],
        ["", "", "00123", "2026-11-23"],
        ["", "", "", "36:00:00"],
    ]


def test_a_format_that_hides_its_number_hides_it(tmp_path: Path) -> None:
    cells: Cells = {"A1": ("kept", None), "A2": (4711, ";;;"), "B2": ("too", None)}
    assert rows(workbook(tmp_path / "a.xlsx", cells)) == [["kept"], ["", "too"]]


@pytest.mark.parametrize(
    "styles", [b"<styleSheet/>", b"<styleSheet><cellXfs><xf/></cellXfs></styleSheet>", None]
)
def test_styles_that_say_nothing_leave_the_values(tmp_path: Path, styles: bytes | None) -> None:
    made = workbook(tmp_path / "a.xlsx", {"A1": ("x", None), "A2": (0.125, "0.0%")})
    changed = io.BytesIO()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            if name != "xl/styles.xml":
                new.writestr(name, old.read(name))
            elif styles:
                new.writestr(name, styles)
    made.write_bytes(changed.getvalue())
    assert rows(made) == [["x"], ["0.125"]]
