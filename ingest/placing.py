"""Where the blocks of a document stand in its PDF: matched by letters and digits, in order."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import replace

from ingest.blocks import Block, ParsedDocument
from ingest.chunk_boxes import boxes_of
from retrieval.corpus import Box

_ENOUGH_CHARACTERS = 40


def placed(document: ParsedDocument, shown: ParsedDocument) -> ParsedDocument:
    """Give the blocks of `document` the pages and boxes of the same words in `shown`.

    Those that are not found, as speaker notes, keep what they had.
    """
    place = _Places(shown)
    blocks = tuple(_placed(block, place) for block in document.blocks)
    return replace(document, blocks=blocks, page_count=shown.page_count)


def _placed(block: Block, places: "_Places") -> Block:
    if block.kind != "table":
        boxes = tuple(places.find(block.text))
    else:
        rows = [tuple(places.find(row)) for row in block.text.split("\n")]
        found = next((row for row in rows if row), ())
        # A row that was not found counts as the one before it, so that each row has a box.
        boxes = ()
        for row in rows if found else []:
            found = row or found
            boxes += (_around(found),)
    return replace(block, page=boxes[0].page, boxes=boxes) if boxes else block


class _Places:
    """The letters and digits of a document, each with its block and its place in it."""

    def __init__(self, shown: ParsedDocument) -> None:
        self._blocks = shown.blocks
        self._starts: list[int] = []
        self._characters: list[int] = []
        parts: list[str] = []
        for block in shown.blocks:
            self._starts.append(len(self._characters))
            for at, character in enumerate(block.text):
                for letter in _bare(character):
                    parts.append(letter)
                    self._characters.append(at)
        self._text = "".join(parts)
        self._cursor = 0

    def find(self, text: str) -> Iterator[Box]:
        """Yield boxes of the next place with this text, or else of the first."""
        wanted = _bare(text)
        if not wanted:
            return
        start, length = self._text.find(wanted, self._cursor), len(wanted)
        if start < 0:
            start = self._text.find(wanted)
        if start < 0 and length > _ENOUGH_CHARACTERS:
            # The rest may be cut by something that only one of the two has, as a page's footer.
            start = self._text.find(wanted[:_ENOUGH_CHARACTERS], self._cursor)
        if start < 0:
            return
        end = min(start + length, len(self._text))
        self._cursor = end
        yield from self._boxes(start, end)

    def _boxes(self, start: int, end: int) -> Iterator[Box]:
        first, last = bisect(self._starts, start) - 1, bisect(self._starts, end - 1) - 1
        for index in range(first, last + 1):
            block = self._blocks[index]
            begin = self._characters[start] if index == first else 0
            stop = self._characters[end - 1] + 1 if index == last else len(block.text)
            yield from boxes_of(block, begin, stop)


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def _around(boxes: tuple[Box, ...]) -> Box:
    """Make one box of those on the first of their pages."""
    page = [box for box in boxes if box.page == boxes[0].page]
    return Box(
        page[0].page,
        min(box.left for box in page),
        min(box.top for box in page),
        max(box.right for box in page),
        max(box.bottom for box in page),
    )
