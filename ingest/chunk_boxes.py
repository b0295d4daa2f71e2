"""Which boxes of a block a part of its text stands in."""

from itertools import accumulate, pairwise

from ingest.blocks import Block
from retrieval.corpus import Box

_LINE_SHARE_MIN = 0.1


def boxes_of(block: Block, start: int, end: int) -> tuple[Box, ...]:
    """Boxes of the lines that `block.text[start:end]` touches.

    A table has a box for each row. A paragraph has one for each of its lines, whose text was
    joined: a line then holds a share of the characters like its share of the width of all lines.
    """
    if not block.boxes or (start <= 0 and end >= len(block.text)):
        return block.boxes
    edges = _edges(block)
    return tuple(
        box
        for box, (left, right) in zip(block.boxes, pairwise(edges), strict=True)
        if min(end, right) - max(start, left) > _LINE_SHARE_MIN * (right - left)
    )


def _edges(block: Block) -> list[float]:
    """Offsets into the block's text where its lines begin, and its length."""
    lines = block.text.split("\n")
    if len(lines) == len(block.boxes):
        weights = [float(len(line) + 1) for line in lines]
    else:
        weights = [max(box.right - box.left, 1e-6) for box in block.boxes]
    scale = len(block.text) / sum(weights)
    return [0.0, *(edge * scale for edge in accumulate(weights))]
