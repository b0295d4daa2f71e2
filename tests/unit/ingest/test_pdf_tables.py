"""Tables of PDFs: columns that line up, rows of several lines, pages on their side."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from ingest.parsers.pdf import parse
from ingest.settings import ParseLimits

Draw = Callable[[Canvas], None]
COLUMNS = (60, 220, 320, 420)


@pytest.fixture
def table(tmp_path: Path) -> Callable[[Draw], list[list[str]]]:
    def read(draw: Draw) -> list[list[str]]:
        buffer = io.BytesIO()
        canvas = Canvas(buffer, pagesize=(600, 800), invariant=True)
        canvas.setFont("Helvetica", 10)
        draw(canvas)
        canvas.save()
        (tmp_path / "a").write_bytes(buffer.getvalue())
        [found] = [b for b in parse(tmp_path / "a", ParseLimits()).blocks if b.kind == "table"]
        rows = found.text.split("\n")
        assert len(found.boxes) == len(rows)
        return [row.split("\t") for row in rows]

    return read


Table = Callable[[Draw], list[list[str]]]


def row(canvas: Canvas, y: float, *cells: str) -> None:
    for left, cell in zip(COLUMNS, cells, strict=False):
        canvas.drawString(left, y, cell)


def test_empty_cells_keep_their_place(table: Table) -> None:
    def draw(canvas: Canvas) -> None:
        row(canvas, 700, "Item", "2022", "2023", "2024")
        row(canvas, 686, "Apples", "1", "", "3")
        row(canvas, 672, "Pears", "", "", "6")

    assert table(draw) == [
        ["Item", "2022", "2023", "2024"],
        ["Apples", "1", "", "3"],
        ["Pears", "", "", "6"],
    ]


def test_a_cell_of_several_lines_between_rules_is_one(table: Table) -> None:
    def draw(canvas: Canvas) -> None:
        row(canvas, 700, "Item", "Limit", "Unit")
        row(canvas, 680, "Chlorine and", "10", "kg")
        row(canvas, 668, "compounds of it")
        row(canvas, 653, "Halons", "1", "kg")
        for y in (712, 694, 665, 648):
            canvas.line(50, y, 500, y)

    assert table(draw) == [
        ["Item", "Limit", "Unit"],
        ["Chlorine and compounds of it", "10", "kg"],
        ["Halons", "1", "kg"],
    ]


def test_rules_around_groups_of_figures_join_nothing(table: Table) -> None:
    def draw(canvas: Canvas) -> None:
        for n in range(4):
            row(canvas, 700 - 14 * n, f"Town {n}", str(n), str(n * n))
        for y in (712, 650):
            canvas.line(50, y, 500, y)

    assert table(draw) == [[f"Town {n}", str(n), str(n * n)] for n in range(4)]


def test_cells_that_only_word_space_parts(table: Table) -> None:
    def draw(canvas: Canvas) -> None:
        for y, words in ((700, "Spain 12 40"), (686, "Italy 15 44")):
            text = canvas.beginText(60, y)
            text.setWordSpace(60)
            text.textLine(words)
            canvas.drawText(text)

    assert table(draw) == [["Spain", "12", "40"], ["Italy", "15", "44"]]


def test_a_sign_belongs_to_its_number(table: Table) -> None:
    def draw(canvas: Canvas) -> None:
        for y in (700, 686):
            row(canvas, y, "Sales", "$")
            canvas.drawString(250, y, "12.5")
            row(canvas, y, "", "", "4")
            canvas.drawString(345, y, "%")

    assert table(draw) == [["Sales", "$12.5", "4%"]] * 2


def test_a_page_on_its_side(table: Table) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(90)
        canvas.rotate(90)
        canvas.translate(0, -600)
        row(canvas, 300, "Item", "2022", "2023")
        row(canvas, 286, "Apples", "1", "3")

    assert table(draw) == [["Item", "2022", "2023"], ["Apples", "1", "3"]]
