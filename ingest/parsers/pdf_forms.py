"""What people filled into the fields of a form stands beside the page itself.

pdfium finds no text in fields. Flattened they are a part of the page, at the end of its content;
each is put where it stands, so that it is read with what it answers.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.parsers import pdf_marks
from ingest.parsers.pdf_lines import Line, Page, read_page

_ANNOTATIONS_MAX: Final = 2_000  # looked at on one page
_OVERLAP_MIN: Final = 0.5  # of the lower of two heights, to stand in one row


def read(document: pdfium.PdfDocument, index: int) -> Page:
    """Read page `index` (from 0) with what its fields show. Side effects: changes a page so."""
    page = read_page(document, index)
    if document.get_formtype() == raw.FORMTYPE_NONE or not _flattened(document, index):
        return page
    filled = read_page(document, index)
    return replace(filled, lines=_placed(page.lines, filled.lines), marks=page.marks)


def _flattened(document: pdfium.PdfDocument, index: int) -> bool:
    """Make the fields of a page a part of it, but for hidden ones; whether it has any."""
    page = document[index]
    try:
        count = min(raw.FPDFPage_GetAnnotCount(page), _ANNOTATIONS_MAX)
        if not any(_is_field(page, number) for number in range(count)):
            return False
        pdf_marks.hide_typed(page)
        return bool(raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS)
    finally:
        page.close()


def _is_field(page: pdfium.PdfPage, number: int) -> bool:
    annotation = raw.FPDFPage_GetAnnot(page, number)
    if not annotation:
        return False
    try:
        return bool(raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_WIDGET)
    finally:
        raw.FPDFPage_CloseAnnot(annotation)


def _placed(before: Sequence[Line], filled: list[Line]) -> list[Line]:
    """Put the lines that are new after those that they stand beside, or below."""
    size = len(before)
    if [line.text for line in filled[:size]] != [line.text for line in before]:
        return filled
    lines = filled[:size]
    for line in sorted(filled[size:], key=lambda one: (one.top, one.left)):
        lines.insert(_place(lines, line), line)
    return lines


def _place(lines: Sequence[Line], line: Line) -> int:
    beside = [at for at, other in enumerate(lines) if _is_beside(other, line)]
    if beside:
        return max(beside, key=lambda at: lines[at].right) + 1
    above = [at for at, other in enumerate(lines) if other.top <= line.top]
    return max(above, key=lambda at: lines[at].top) + 1 if above else 0


def _is_beside(other: Line, line: Line) -> bool:
    """Whether `other` stands to the left in the same row."""
    common = min(other.bottom, line.bottom) - max(other.top, line.top)
    height = min(other.bottom - other.top, line.bottom - line.top)
    return other.right <= line.left and common > _OVERLAP_MIN * height
