"""A report as companies print it, from file to passages: what is furniture and what is read."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from ingest.blocks import ParsedDocument
from ingest.chunking import chunk
from ingest.parsers.pdf import parse
from ingest.settings import ParseLimits
from retrieval.corpus import Chunk

LEFT = [
    "The first column tells how the",
    "year began: orders were few and",
    "the plant stood still.",
]
RIGHT = ["The second column tells how it", "ended: with more orders than the", "plant could take."]
HEADER = ("Plant", "Orders", "Late", "Open")
ROWS = [(f"Plant {n}", str(1000 + n), "" if n % 3 else "late", str(n)) for n in range(30)]
PLACES = (60, 220, 330, 440)


def draw_row(canvas: Canvas, top: float, cells: Sequence[str]) -> None:
    for left, cell in zip(PLACES, cells, strict=True):
        canvas.drawString(left, 800 - top, cell)


def draw_table(canvas: Canvas, rows: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(rows):
        draw_row(canvas, 90 + 18 * number, row)


def draw_columns(canvas: Canvas) -> None:
    """Line by line across both columns, as some producers write."""
    for number, (left, right) in enumerate(zip(LEFT * 3, RIGHT * 3, strict=True)):
        canvas.drawString(60, 700 - 14 * number, left)
        canvas.drawString(320, 700 - 14 * number, right)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> ParsedDocument:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(600, 800), invariant=True)
    for number in range(1, 5):
        canvas.setFont("Helvetica", 10)
        canvas.drawString(60, 770, "Northwind quarterly report")
        canvas.drawString(280, 25, f"Page {number} of 4")
        match number:
            case 1:
                draw_columns(canvas)
            case 2:
                draw_table(canvas, [HEADER, *ROWS[:15]])
            case 3:
                draw_table(canvas, ROWS[15:])
            case 4:
                canvas.drawString(60, 700, "The report ends with this sentence.")
        canvas.showPage()
    canvas.save()
    path: Path = tmp_path_factory.mktemp("report") / "a"
    path.write_bytes(buffer.getvalue())
    return parse(path, ParseLimits())


@pytest.fixture(scope="module")
def passages(report: ParsedDocument) -> list[Chunk]:
    return chunk(report, lambda texts: [len(text.split()) for text in texts], 40)


def test_headers_footers_and_page_numbers_are_in_no_passage(passages: list[Chunk]) -> None:
    said = " ".join(f"{passage.heading_path} {passage.text}" for passage in passages)
    assert "Northwind" not in said
    assert "Page" not in said
    assert "The report ends with this sentence." in said


def test_the_left_column_is_read_before_the_right(report: ParsedDocument) -> None:
    words = " ".join(block.text for block in report.blocks if block.page == 1)
    assert words == " ".join([*LEFT * 3, *RIGHT * 3])


def test_every_cell_keeps_its_row_and_column(report: ParsedDocument) -> None:
    tables = [block for block in report.blocks if block.kind == "table"]
    rows = [tuple(row.split("\t")) for table in tables for row in table.text.split("\n")]
    assert rows == [HEADER, *ROWS[:15], HEADER, *ROWS[15:]]
    assert [box.page for box in tables[1].boxes] == [2, *[3] * 15]


def test_every_passage_of_a_table_names_its_header(passages: list[Chunk]) -> None:
    of_table = [passage for passage in passages if "Plant " in passage.text]
    assert {passage.page for passage in of_table} == {2, 3}
    for passage in of_table:
        named = (*passage.heading_path, passage.text.replace("\t", " | "))
        assert any("Plant | Orders | Late | Open" in part for part in named)
