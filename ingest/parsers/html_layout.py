"""Tables that only arrange a page, as those of newsletters and old sites, become its plain flow.

Otherwise a whole message would be one cell. What arranges says so itself, or has neither header
cells nor a row in which more than one cell says something.
"""

from collections.abc import Iterator
from typing import Any, Final

_HEADS: Final = ("th", "caption", "thead")
_PARTS: Final = ("tbody", "tfoot", "tr", "td")
_ARRANGING: Final = ("presentation", "none")


def flatten(root: Any) -> None:
    """Make blocks of the tables below `root` that hold no data, and of their rows and cells."""
    for table in list(root.iter("table")):
        own = list(_own(table))
        if table.get("role") in _ARRANGING or _arranges(own):
            for part in (table, *own):
                part.tag = "div"


def _own(element: Any) -> Iterator[Any]:
    """Yield the parts of a table, not those of tables in its cells."""
    for child in element:
        if child.tag in (*_PARTS, *_HEADS):
            yield child
            yield from _own(child)


def _arranges(own: list[Any]) -> bool:
    if any(part.tag in _HEADS for part in own):
        return False
    rows = ([length for cell in row if (length := _length(cell))] for row in own if row.tag == "tr")
    # The library below drops lone letters that stand outside of tables.
    return all(len(row) <= 1 and sum(row) != 1 for row in rows)


def _length(cell: Any) -> int:
    return sum(len(text.strip()) for text in cell.itertext())
