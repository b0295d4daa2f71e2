"""Cells of an ODS workbook are read as people see them, with what was written on them."""

import zipfile
from pathlib import Path

import pytest

from ingest import detect
from ingest.parsers import ods_cells, parse
from ingest.parsers.number_formats import rounds
from ingest.parsers.sheet_extent import column_number, reference

NAMES = " ".join(
    f"xmlns:{prefix}='urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0'"
    for prefix in ("office", "style", "table", "text")
)
EMPTY = "<table:table-cell table:number-columns-repeated='{}'/>"


def cell(value: str, shown: str | None = None, kind: str = "float", inside: str = "") -> str:
    written = "" if shown is None else f"<text:p>{shown}</text:p>"
    values = f"office:value-type='{kind}' office:value='{value}'"
    return f"<table:table-cell {values}>{inside}{written}</table:table-cell>"


def word(text: str, inside: str = "") -> str:
    kind = "office:value-type='string'"
    return f"<table:table-cell {kind}>{inside}<text:p>{text}</text:p></table:table-cell>"


def note(text: str, author: str = "Anna") -> str:
    who = f"<dc:creator>{author}</dc:creator><dc:date>2026-01-01T00:00:00</dc:date>"
    return f"<office:annotation>{who}<text:p>{text}</text:p></office:annotation>"


def row(*cells: str, times: int = 1) -> str:
    repeated = f"table:number-rows-repeated='{times}'"
    return f"<table:table-row {repeated}>{''.join(cells)}</table:table-row>"


def saved(path: Path, *sheets: str, styles: str = "", first: str = "") -> Path:
    """Write a workbook; `first` are further attributes of its first sheet."""
    tables = "".join(
        f"<table:table table:name='S{number}' {first if number == 1 else ''}>{sheet}</table:table>"
        for number, sheet in enumerate(sheets, start=1)
    )
    content = (
        f"<office:document-content {NAMES} xmlns:dc='http://purl.org/dc/elements/1.1/'>{styles}"
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", "<manifest/>")
        package.writestr("content.xml", content)
    return path


def texts(path: Path) -> list[str]:
    return [block.text for block in parse(path, detect.ODS).blocks]


def test_numbers_are_read_as_they_are_shown_wherever_a_sheet_begins(tmp_path: Path) -> None:
    date = (
        "<table:table-cell office:value-type='date' office:date-value='2026-11-23'>"
        "<text:p>23.11.26</text:p></table:table-cell>"
    )
    sheet = (
        row(EMPTY.format(5), times=2)
        + row(EMPTY.format(2), word("item"), word("margin"))
        + "<table:table-row-group>"
        + row(
            EMPTY.format(2),
            word("Widget"),
            cell("0.125", "12.5%", "percentage"),
            cell("1234.5", "1<text:s/>234,50 €", "currency"),
        )
        + "</table:table-row-group>"
        + row(EMPTY.format(3), cell("0.12345678", "12%"), cell("0.25"), date, times=2)
        + row(EMPTY.format(3), "<table:covered-table-cell/>", cell("7", "007"))
        + row(EMPTY.format(16000), times=1000000)
    )
    shown = "\t12% (0.12345678)\t0.25\t2026-11-23"
    assert texts(saved(tmp_path / "a.ods", sheet)) == [
        "S1",
        "\n".join(["item\tmargin", "Widget\t12.5%\t1 234,50 €", shown, shown, "\t\t007"]),
    ]


def test_comments_follow_the_rows_of_their_sheet(tmp_path: Path) -> None:
    first = row(EMPTY.format(1), cell("0.125", "12.5%", inside=note("agreed", "王喆")))
    second = (
        row(word("total", inside=note("net?")))
        + row(times=3)
        + row(f"<table:table-cell>{note('nothing here')}</table:table-cell>")
    )
    empty = row(f"<table:table-cell>{note('alone')}</table:table-cell>")
    assert texts(saved(tmp_path / "a.ods", first, second, "", empty)) == [
        "S1",
        "12.5%",
        "Comment by 王喆 on B1 “12.5%”: agreed",
        "S2",
        "total",
        "Comment by Anna on A1 “total”: net?",
        "Comment by Anna on A5: nothing here",
        "S4",
        "Comment by Anna on A1: alone",
    ]


def test_sheets_that_are_hidden_are_left_behind_with_their_comments(tmp_path: Path) -> None:
    style = (
        "<office:automatic-styles><style:style style:name='hidden' style:family='table'>"
        "<style:table-properties table:display='false'/></style:style></office:automatic-styles>"
    )
    sheets = row(cell("1", "one", inside=note("x"))), row(cell("2", "2.0"))
    path = saved(tmp_path / "a.ods", *sheets, styles=style, first="table:style-name='hidden'")
    assert texts(path) == ["S2", "2.0"]


def test_a_table_within_a_cell_moves_nothing(tmp_path: Path) -> None:
    inner = f"<table:table table:is-sub-table='true'>{row(cell('9', 'nine'))}</table:table>"
    rows = [
        *ods_cells.Workbook(
            saved(tmp_path / "a.ods", row(cell("1", "1.0", inside=inner)) + row(cell("2", "2.0")))
        )
        .sheet("S1")
        ._rows
    ]
    assert [(one.end, one.numbers) for one in rows] == [
        (0, {}),
        (1, {0: ("1", "1.0")}),
        (2, {0: ("2", "2.0")}),
    ]


def test_what_is_shown_of_another_value_is_not_taken(tmp_path: Path) -> None:
    sheet = ods_cells.Workbook(saved(tmp_path / "a.ods", row(cell("1", "one")))).sheet("S1")
    assert list(sheet.comments_to(0)) == []
    assert (sheet.shown(0, 1.0), sheet.shown(0, 2.0), sheet.shown(1, 1.0)) == ("one", "", "")


@pytest.mark.parametrize("content", ["<cut", "<a><b></a>", "<table:table/>"])
def test_a_part_that_is_damaged_shows_nothing(content: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as package:
        package.writestr("content.xml", content)
    assert list(ods_cells.Workbook(tmp_path / "a.ods").sheet("S1").comments_to(9)) == []


@pytest.mark.parametrize(
    ("shown", "value", "loses"),
    [
        ("12.5%", 0.125, False),
        ("12%", 0.12345678, True),
        ("1.234,50 €", 1234.5, False),
        ("1.23E+05", 123000.0, False),
        ("1.2M", 1234567.0, True),
        ("¥12.3万", 123000.0, False),
        ("-", 0.0, False),
        ("0.00", 0.004, True),
        ("1/2", 0.5, True),
        ("(5)", -5.0, False),
        ("1", float("inf"), False),
        ("9" * 400, 1e-320, False),
    ],
)
def test_digits_tell_what_is_rounded_away(shown: str, value: float, loses: bool) -> None:
    assert rounds(shown, value) is loses


@pytest.mark.parametrize(("column", "name"), [(0, "A1"), (25, "Z1"), (26, "AA1"), (16383, "XFD1")])
def test_references_are_written_as_they_are_read(column: int, name: str) -> None:
    assert reference(0, column) == name
    assert column_number(name[:-1].encode()) == column + 1
