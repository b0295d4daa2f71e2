"""Horizontal lines drawn on a page of a PDF: the rules of its tables."""

from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

_LONG_POINTS = 20
_THIN_POINTS = 2.5
_SAME_POINTS = 2
_DRAWINGS_MAX = 20_000
_DEPTH_MAX = 2


def horizontal(page: pdfium.PdfPage) -> list[float]:
    """Heights in page space (from the bottom) of thin lines and of the edges of boxes, ascending.

    Empty where the page is a drawing of more than 20,000 paths.
    """
    heights: list[float] = []
    drawings = page.get_objects(filter=(raw.FPDF_PAGEOBJ_PATH,), max_depth=_DEPTH_MAX)
    for count, drawing in enumerate(drawings):
        if count == _DRAWINGS_MAX:
            return []
        heights += _edges(drawing)
    merged: list[float] = []
    for height in sorted(heights):
        if not merged or height - merged[-1] > _SAME_POINTS:
            merged.append(height)
    return merged


def _edges(drawing: Any) -> list[float]:
    try:
        left, bottom, right, top = drawing.get_bounds()
    except pdfium.PdfiumError:
        return []
    if right - left < _LONG_POINTS:
        return []
    return [(bottom + top) / 2] if top - bottom < _THIN_POINTS else [bottom, top]
