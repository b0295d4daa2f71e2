"""Entries of a table of contents lose their page numbers, with or without dots before them."""

from ingest.parsers.pdf_contents import with_entries
from ingest.parsers.pdf_lines import Cell, Line, Page


def line(text: str, *, entry: bool = False, right: float = 538.0) -> Line:
    parts = text.split("  ")
    cells = [Cell(part, 85.0, 300.0) for part in parts] if len(parts) > 1 else []
    return Line(1, " ".join(parts), 85, 100, right, 110, 10, bold=False, entry=entry, cells=cells)


def page(*lines: Line) -> Page:
    return Page(1, 595, 842, list(lines))


DOTTED = [line(f"2.{n} Hardware", entry=True) for n in range(3)]


def test_a_chapter_between_dotted_entries_is_one_without_its_number() -> None:
    found = with_entries(page(line("2  System  5"), *DOTTED)).lines[0]
    assert (found.text, found.entry, found.cells) == ("2 System", True, [])


def test_a_number_that_ends_elsewhere_is_no_page_number() -> None:
    amount = line("Sum  5", right=400)
    assert with_entries(page(amount, *DOTTED)).lines[0] == amount


def test_words_at_the_edge_are_no_page_number() -> None:
    words = line("Left  right")
    assert with_entries(page(words, *DOTTED)).lines[0] == words


def test_a_table_on_a_page_without_dotted_entries_is_left_alone() -> None:
    row = line("Sum  5")
    assert with_entries(page(row, *DOTTED[:2])).lines[0] == row
