"""Put what people wrote onto the pages of a PDF after what they wrote it on."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ingest.blocks import Block
from ingest.parsers import comments
from ingest.parsers.pdf_lines import Page
from ingest.parsers.pdf_marks import Mark
from retrieval.corpus import Box


def placed(blocks: Iterable[Block], pages: Sequence[Page]) -> Iterator[Block]:
    """Yield the blocks, each followed by what stands nearest to it of its page's marks.

    Those of a page without blocks follow the pages before it.
    """
    marked = {page.number: page for page in pages if page.marks}
    by_page: dict[int, list[Block]] = defaultdict(list)
    for block in blocks:
        by_page[block.page or 0].append(block)
    for number in sorted(by_page.keys() | marked.keys()):
        read = by_page[number]
        yield from _with_marks(read, marked[number]) if number in marked else read


def _with_marks(blocks: Sequence[Block], page: Page) -> Iterator[Block]:
    following: dict[int, list[Block]] = defaultdict(list)
    for mark in page.marks:
        written = _block(mark, page)
        following[_nearest(blocks, written)].append(written)
    yield from following[-1]
    for at, block in enumerate(blocks):
        yield block
        yield from following[at]


def _block(mark: Mark, page: Page) -> Block:
    boxes = tuple(page.place(*place) for place in mark.places)
    text = mark.text if mark.typed else comments.line(mark.author, mark.text, quoted=mark.quoted)
    seen = tuple(box for box in boxes if box.left < box.right and box.top < box.bottom)
    return Block("text", text, page=page.number, boxes=seen, beside=True)


def _nearest(blocks: Sequence[Block], written: Block) -> int:
    """Return the index of the block that stands nearest, or the last one."""
    if not written.boxes:
        return len(blocks) - 1
    place = written.boxes[-1]
    distances = [
        (*min(_distance(box, place) for box in block.boxes), at)
        for at, block in enumerate(blocks)
        if block.boxes
    ]
    return min(distances)[-1] if distances else len(blocks) - 1


def _distance(box: Box, place: Box) -> tuple[float, float]:
    """Tell how far the middle of `place` stands above or below a box, and then beside it."""
    x, y = (place.left + place.right) / 2, (place.top + place.bottom) / 2
    return max(box.top - y, y - box.bottom, 0.0), max(box.left - x, x - box.right, 0.0)
