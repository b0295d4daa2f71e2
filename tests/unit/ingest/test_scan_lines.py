"""Recognised strips to lines and cells."""

import pytest

from ingest.parsers.ocr import Strip
from ingest.parsers.pdf_lines import Page
from ingest.parsers.scan_lines import page
from ingest.parsers.scan_turns import Reading


def strip(text: str, left: float, top: float, width: float, height: float = 20) -> Strip:
    return Strip(text, left, top, left + width, top + height, height)


def laid_out(*strips: Strip, turns: int = 0) -> Page:
    return page(1, Reading(list(strips), turns, 1000, 1400))


def texts(*strips: Strip) -> list[str]:
    return [line.text for line in laid_out(*strips).lines]


def test_rows_go_down_the_page_and_across() -> None:
    found = texts(strip("c", 50, 200, 40), strip("b", 400, 103, 40), strip("a", 50, 100, 40))
    assert found == ["a b", "c"]


def test_a_wide_gap_makes_cells_and_a_narrow_one_none() -> None:
    [line] = laid_out(strip("No.", 50, 100, 40), strip("7", 100, 100, 10)).lines
    assert (line.text, line.cells) == ("No. 7", [])
    [line] = laid_out(strip("No.", 50, 100, 40), strip("7", 300, 100, 10)).lines
    assert [cell.text for cell in line.cells] == ["No.", "7"]


def test_chinese_strips_meet_without_a_space() -> None:
    assert texts(strip("公司", 50, 100, 40), strip("年报", 92, 100, 40)) == ["公司年报"]


def test_a_page_that_lies_askew_keeps_its_rows() -> None:
    slope = 0.05
    strips = [
        Strip(
            f"{row}{column}",
            left,
            top + slope * left,
            left + 250,
            top + slope * left + 20,
            20,
            slope,
        )
        for column, left in enumerate((50.0, 650.0))
        for row, top in zip("ab", (100.0, 124.0), strict=True)
    ]
    assert texts(*strips) == ["a0 a1", "b0 b1"]


def test_letters_of_about_the_common_height_have_one_size() -> None:
    strips = [strip("body text here", 50, 100 + 30 * n, 200, 20 + n % 3) for n in range(5)]
    lines = laid_out(strip("Title", 50, 20, 200, 40), *strips).lines
    assert len({line.size for line in lines[1:]}) == 1
    assert lines[0].size > 1.5 * lines[1].size


def test_no_strips_make_an_empty_page() -> None:
    assert laid_out().lines == []


@pytest.mark.parametrize(
    ("turns", "place"),
    [
        (0, (0.1, 0.2, 0.3, 0.25)),
        (1, (0.75, 0.1, 0.8, 0.3)),
        (2, (0.7, 0.75, 0.9, 0.8)),
        (3, (0.2, 0.7, 0.25, 0.9)),
    ],
)
def test_places_are_those_of_the_page_before_it_was_turned(
    turns: int, place: tuple[float, ...]
) -> None:
    turned = laid_out(strip("here", 100, 280, 200, 70), turns=turns)
    box = turned.box(turned.lines[0])
    assert (box.left, box.top, box.right, box.bottom) == place
