"""What repeats or leads through a PDF and is no passage: running titles, leaders, broken links."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from ingest.blocks import ParsedDocument
from ingest.parsers.pdf import parse
from ingest.settings import ParseLimits

WORDS = ("Night", "Shift", "Store", "Plant")
Parsed = Callable[..., ParsedDocument]


@pytest.fixture
def parsed(tmp_path: Path) -> Parsed:
    def build(*pages: list[tuple[float, float, str]]) -> ParsedDocument:
        buffer = io.BytesIO()
        canvas = Canvas(buffer, pagesize=(600, 800), invariant=True)
        for page in pages:
            for top, size, text in page:
                canvas.setFont("Helvetica", size)
                canvas.drawString(60, 800 - top, text)
            canvas.showPage()
        canvas.save()
        (tmp_path / "a").write_bytes(buffer.getvalue())
        return parse(tmp_path / "a", ParseLimits())

    return build


def body(word: str, top: float = 100) -> list[tuple[float, float, str]]:
    return [
        (top + 14 * n, 10, f"{word} line {n} of the page, which goes on and on") for n in range(4)
    ]


def test_running_titles_that_differ_on_every_page_are_dropped(parsed: Parsed) -> None:
    pages = [[(40, 8, f"{n}.1 About {word}s"), *body(word)] for n, word in enumerate(WORDS)]
    assert "About" not in parsed(*pages).text


def test_first_lines_that_go_on_stay(parsed: Parsed) -> None:
    text = parsed(*(body(word, top=50) for word in WORDS)).text
    assert all(f"{word} line 0" in text for word in WORDS)


def test_titles_of_slides_stay(parsed: Parsed) -> None:
    text = parsed(*([(50, 24, f"About {word}s"), *body(word)] for word in WORDS)).text
    assert all(f"About {word}s" in text for word in WORDS)


def test_entries_of_a_table_of_contents_are_one_each_without_dots(parsed: Parsed) -> None:
    contents = [
        (100 + 14 * n, 10, f"{n} {word} {'. ' * 30} {n + 4}") for n, word in enumerate(WORDS)
    ]
    document = parsed([*contents, (200, 10, "Wait ... 5 or more.")])
    assert [block.text for block in document.blocks] == [
        "0 Night",
        "1 Shift",
        "2 Store",
        "3 Plant",
        "Wait ... 5 or more.",
    ]


def test_an_address_that_a_line_breaks_is_whole(parsed: Parsed) -> None:
    lines = [
        "The rules are at https://example.org/",
        "rules/of-the-house. See there. Also",
        "ask us.",
    ]
    document = parsed([(100 + 12 * n, 10, line) for n, line in enumerate(lines)])
    assert "https://example.org/rules/of-the-house. See there. Also ask us." in document.text
