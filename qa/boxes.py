"""Which of a passage's boxes a quote stands in."""

from collections.abc import Iterator
from typing import Final

from retrieval.corpus import Box, Chunk

_SLACK: Final = 0.03
"""Share of the passage that a line may be off: letters differ in width."""


def boxes_of(chunk: Chunk, start: int, end: int) -> tuple[Box, ...]:
    """Return the boxes that hold `document_text[start:end]`, estimated by area.

    Boxes carry no text, but lie in reading order, and text fills them about evenly.
    """
    length = max(1, chunk.end - chunk.start)
    first = (start - chunk.start) / length - _SLACK
    last = (end - chunk.start) / length + _SLACK
    within = tuple(box for box, low, high in _shares(chunk) if low < last and high > first)
    return within or chunk.boxes


def _shares(chunk: Chunk) -> Iterator[tuple[Box, float, float]]:
    areas = [(box.right - box.left) * (box.bottom - box.top) for box in chunk.boxes]
    total = sum(areas) or 1.0
    past = 0.0
    for box, area in zip(chunk.boxes, areas, strict=True):
        yield box, past / total, (past + area) / total
        past += area
