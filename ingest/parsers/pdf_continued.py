"""Tables that go on over the end of a page: their header is repeated where they do.

Blocks end with their page, and passages name the header of their table, so the rows on the next
page would have the first of them for a header. The repeated row keeps its place on its own page.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ingest.blocks import Block

_FIGURE = re.compile(r"^\W*\d[\d.,\s]*\W*$")
_YEAR = re.compile(r"^(?:19|20)\d\d$")
_SAME_EDGE = 0.03  # of the page's width


def with_headers(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the blocks; a table that goes on begins with the header that it began with."""
    last: Block | None = None
    for found in blocks:
        block = found
        if last is not None and _goes_on(last, block):
            text = f"{_header(last)}\n{block.text}"
            block = replace(block, text=text, boxes=(last.boxes[0], *block.boxes))
        yield block
        last = block


def _goes_on(table: Block, following: Block) -> bool:
    """Whether the second is the rest of the first, and its first row is none of a header."""
    if not (table.kind == following.kind == "table" and table.page and following.page):
        return False
    return (
        following.page == table.page + 1
        and _columns(table) == _columns(following)
        and abs(table.boxes[-1].left - following.boxes[0].left) < _SAME_EDGE
        and not _has_figures(_header(table))
        and _has_figures(_header(following))
    )


def _header(table: Block) -> str:
    return table.text.split("\n", 1)[0]


def _columns(table: Block) -> int:
    return max(row.count("\t") for row in table.text.split("\n"))


def _has_figures(row: str) -> bool:
    """Whether a cell is a number, other than a year, which often heads a column."""
    cells = row.split("\t")
    return any(_FIGURE.match(cell) and not _YEAR.match(cell) for cell in cells)
