"""Layout of PDFs: headings, order, furniture, hyphens, tables, places."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from ingest.blocks import Block, ParsedDocument
from ingest.parsers.pdf import parse
from ingest.settings import ParseLimits

Draw = Callable[[Canvas], None]
BODY = "The committee met in spring and agreed on every point of the plan."


@pytest.fixture
def parsed(tmp_path: Path) -> Callable[[Draw], ParsedDocument]:
    def build(draw: Draw) -> ParsedDocument:
        buffer = io.BytesIO()
        canvas = Canvas(buffer, pagesize=(600, 800), invariant=True)
        draw(canvas)
        canvas.save()
        path = tmp_path / "document"
        path.write_bytes(buffer.getvalue())
        return parse(path, ParseLimits())

    return build


Parsed = Callable[[Draw], ParsedDocument]


def write(
    canvas: Canvas, x: float, y: float, text: str, size: float = 10, font: str = "Helvetica"
) -> None:
    canvas.setFont(font, size)
    canvas.drawString(x, y, text)


def body(canvas: Canvas, y: float) -> None:
    for number in range(4):
        write(canvas, 60, y - 12 * number, BODY)


def outline(document: ParsedDocument) -> list[tuple[str, int]]:
    return [(block.text, block.level) for block in document.blocks if block.kind == "heading"]


def test_larger_and_bolder_lines_are_headings_by_size(parsed: Parsed) -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 760, "Report", 20)
        write(canvas, 60, 720, "Growth", 14)
        body(canvas, 700)
        write(canvas, 60, 620, "In detail", 10, "Helvetica-Bold")
        body(canvas, 600)

    document = parsed(draw)
    assert outline(document) == [("Report", 1), ("Growth", 2), ("In detail", 3)]
    assert document.title == "Report"


def test_section_numbers_tell_the_level_where_sizes_do_not(parsed: Parsed) -> None:
    def draw(canvas: Canvas) -> None:
        for number, title in enumerate(["1 Scope", "1.1 Terms", "1.1.1 Words", "2 Rules"]):
            write(canvas, 60, 760 - 100 * number, title, 13)
            body(canvas, 740 - 100 * number)

    assert [level for _, level in outline(parsed(draw))] == [1, 2, 3, 1]


def test_bookmarks_decide_the_level(parsed: Parsed) -> None:
    titles = ["Alpha", "Beta", "Gamma", "Delta", "Epsilon"]

    def draw(canvas: Canvas) -> None:
        for number, title in enumerate(titles):
            canvas.bookmarkPage(title)
            canvas.addOutlineEntry(title, title, level=0 if number in (0, 3) else 1)
            write(canvas, 60, 760 - 100 * number, title, 13)
            body(canvas, 740 - 100 * number)

    assert outline(parsed(draw)) == list(zip(titles, [1, 2, 2, 1, 2], strict=True))


def test_bold_rows_of_tables_and_bold_paragraphs_are_no_headings(parsed: Parsed) -> None:
    def draw(canvas: Canvas) -> None:
        body(canvas, 700)
        for column, cell in enumerate(["Total assets", "1,234", "5,678"]):
            write(canvas, 60 + 150 * column, 600, cell, 10, "Helvetica-Bold")
        for number in range(4):
            write(canvas, 60, 560 - 12 * number, BODY, 10, "Helvetica-Bold")

    document = parsed(draw)
    assert outline(document) == []
    assert Block("table", "Total assets\t1,234\t5,678", 0, 1).text in document.text


def test_lines_of_a_paragraph_are_joined_and_hyphens_undone(parsed: Parsed) -> None:
    def draw(canvas: Canvas) -> None:
        write(canvas, 60, 700, "This report explains how the orga-")
        write(canvas, 60, 688, "nisation works, and ends")
        write(canvas, 60, 676, "here.")

    assert parsed(draw).text == "This report explains how the organisation works, and ends here."


def test_repeated_headers_footers_and_page_numbers_are_dropped(parsed: Parsed) -> None:
    def draw(canvas: Canvas) -> None:
        for page in range(1, 5):
            write(canvas, 60, 780, f"Acme manual | section {page}")
            body(canvas, 700)
            write(canvas, 300, 20, f"- {page} -")
            canvas.showPage()

    document = parsed(draw)
    assert document.page_count == 4
    assert "Acme" not in document.text
    assert "- 2 -" not in document.text
    assert document.text.count(BODY) == 16


def test_a_single_page_keeps_its_margins(parsed: Parsed) -> None:
    document = parsed(lambda canvas: write(canvas, 60, 780, "Acme manual"))
    assert document.text == "Acme manual"


def test_what_would_leave_nothing_of_a_document_is_not_dropped(parsed: Parsed) -> None:
    def draw(canvas: Canvas) -> None:
        for number in range(5):
            write(canvas, 60, 760, f"Shelf {number}")
            canvas.showPage()

    assert parsed(draw).text.split() == [word for n in range(5) for word in ("Shelf", str(n))]


def test_table_rows_keep_their_order_and_currency(parsed: Parsed) -> None:
    rows = [["Year", "2023", "2024"], ["Sales", "$ 5", "$ 6"], ["Costs", "4", "(5)"]]

    def draw(canvas: Canvas) -> None:
        body(canvas, 760)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                write(canvas, 60 + 150 * column, 640 - 14 * number, cell)

    table = next(block for block in parsed(draw).blocks if block.kind == "table")
    assert table.text == "Year\t2023\t2024\nSales\t$ 5\t$ 6\nCosts\t4\t(5)"
    assert len(table.boxes) == 3


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_are_fractions_of_the_page_as_shown(parsed: Parsed, rotation: int) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(rotation)
        write(canvas, 60, 500, "Near the left edge")

    (block,) = parsed(draw).blocks
    (box,) = block.boxes
    width, height = (600, 800) if rotation in (0, 180) else (800, 600)  # before rotation
    across, down = 60 / width, 1 - 500 / height
    expected = {
        0: (across, down),
        90: (1 - down, across),
        180: (1 - across, 1 - down),
        270: (down, 1 - across),
    }[rotation]
    corner = {
        0: (box.left, box.bottom),
        90: (box.left, box.top),
        180: (box.right, box.top),
        270: (box.right, box.bottom),
    }[rotation]
    assert corner == pytest.approx(expected, abs=0.01)
    assert box.page == 1


def test_invisible_text_tricks_are_removed(parsed: Parsed) -> None:
    document = parsed(lambda canvas: write(canvas, 60, 700, "plain\u200b text\u202e here"))
    assert "\u200b" not in document.text
    assert "\u202e" not in document.text
