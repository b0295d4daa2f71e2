"""Rows of a table as blocks: none lost, none twice."""

import pytest

from ingest.parsers.rows import table_blocks


@pytest.mark.parametrize("page", [None, 2])
@pytest.mark.parametrize("rows", [0, 1, 2, 25, 26, 27, 51, 52])
def test_every_row_is_in_one_window_under_the_header(rows: int, page: int | None) -> None:
    texts = [f"row {number}" for number in range(rows)]
    windows = [block.text.split("\n") for block in table_blocks(([each] for each in texts), page)]
    assert {window[0] for window in windows} == set(texts[:1])
    assert [row for window in windows for row in window[1:]] == texts[1:]
    assert len(windows) <= 1 or all(len(window) > 1 for window in windows)


def test_empty_rows_and_cells_at_the_end_are_dropped() -> None:
    [block] = table_blocks([["", " "], ["a", "", "b", ""], []], page=1)
    assert (block.text, block.page) == ("a\t\tb", 1)
