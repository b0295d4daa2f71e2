"""Rows of a table as blocks: windows of rows, each under the header row."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from ingest.blocks import Block
from ingest.parsers.characters import one_line

CELL_SEPARATOR = "\t"
_WINDOW_ROWS = 25


def row_text(cells: Sequence[str]) -> str:
    """One row: cells on one line each, separated by tabs, empty cells at the end dropped."""
    return CELL_SEPARATOR.join(one_line(cell) for cell in cells).rstrip()


def table_blocks(rows: Iterable[Sequence[str]], page: int | None = None) -> Iterator[Block]:
    """Non-empty rows in windows; every window starts with the first row, the header."""
    texts = filter(None, map(row_text, rows))
    header = next(texts, None)
    if header is None:
        return
    window = list(islice(texts, _WINDOW_ROWS))
    yield _table(header, window, page)
    while window := list(islice(texts, _WINDOW_ROWS)):
        yield _table(header, window, page)


def _table(header: str, rows: list[str], page: int | None) -> Block:
    return Block("table", "\n".join([header, *rows]), page=page)
