"""Horizontal lines drawn on a page of a PDF: the rules of its tables."""

from collections.abc import Sequence

from pypdfium2 import raw

from ingest.parsers import pdf_calls
from ingest.parsers.pdf_objects import PageObject

_LONG_POINTS = 20
_THIN_POINTS = 2.5
_SAME_POINTS = 2
_DRAWINGS_MAX = 20_000
_DEPTH_MAX = 1


def horizontal(objects: Sequence[PageObject]) -> list[float]:
    """Heights in page space (from the bottom) of thin lines and of the edges of boxes, ascending.

    Empty where the page is a drawing of more than 20,000 paths.
    """
    drawings = [
        one for one, kind, depth in objects if kind == raw.FPDF_PAGEOBJ_PATH and depth <= _DEPTH_MAX
    ]
    if len(drawings) > _DRAWINGS_MAX:
        return []
    merged: list[float] = []
    for height in sorted(height for drawing in drawings for height in _edges(drawing)):
        if not merged or height - merged[-1] > _SAME_POINTS:
            merged.append(height)
    return merged


def _edges(drawing: int) -> list[float]:
    place = pdf_calls.bounds(drawing)
    if place is None or place[2] - place[0] < _LONG_POINTS:
        return []
    _, bottom, _, top = place
    return [(bottom + top) / 2] if top - bottom < _THIN_POINTS else [bottom, top]
