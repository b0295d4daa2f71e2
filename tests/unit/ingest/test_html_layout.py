"""Tables that only arrange a page are no tables."""

import pytest

from ingest.parsers import html

DATA = "<table><tr><td>Door</td><td>3</td></tr><tr><td>Wall</td><td>4</td></tr></table>"


def read(markup: str) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in html.read(f"<html><body>{markup}</body></html>")]


def row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


@pytest.mark.parametrize("space", ["", "&nbsp;", "<img src=space.gif>"])
def test_a_letter_in_a_frame_of_cells_is_paragraphs(space: str) -> None:
    letter = "<p>Dear Ann,</p><p>we have moved.</p>"
    frame = f"<table>{row(space, letter, space)}{row(space)}{row(space, 'Yours, Bob')}</table>"
    texts = [("text", text) for text in ("Dear Ann,", "we have moved.", "Yours, Bob")]
    assert read(f"<table>{row(frame)}</table>") == texts


def test_a_table_of_data_in_such_a_frame_stays_one() -> None:
    found = read(f"<table>{row('<p>The parts:</p>')}{row(DATA)}</table>")
    assert found == [("text", "The parts:"), ("table", "Door\t3\nWall\t4")]


def test_what_says_that_it_arranges_is_believed() -> None:
    table = f"<table role=presentation>{row('To the left', 'To the right')}</table>"
    assert read(table) == [("text", "To the left"), ("text", "To the right")]


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("<table><tr><th>Name</th></tr><tr><td>Ann</td></tr></table>", "Name\nAnn"),
        (f"<table>{row('Ann')}{row('A')}</table>", "Ann\nA"),
        (f"<table>{row('Total', '7')}</table>", "Total\t7"),
    ],
)
def test_what_may_be_data_stays_a_table(table: str, text: str) -> None:
    assert read(table) == [("table", text)]
