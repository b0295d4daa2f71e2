"""Pages of a PDF as pictures: which ones need OCR, and how they look."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import raw

from ingest.errors import DocumentDamaged
from ingest.parsers import pdf_marks
from ingest.parsers.pdf_lines import Page

_TEXT_CHARACTERS_MIN = 20
_PICTURES = (raw.FPDF_PAGEOBJ_IMAGE,)
_DRAWINGS = (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING)
_OBJECT_DEPTH_MAX = 3
_DOTS_PER_POINT = 200 / 72
_SIDE_PIXELS = (1000, 4096)


def unread(document: pdfium.PdfDocument, pages: Sequence[Page]) -> tuple[int, ...]:
    """Numbers of the pages that show a picture and next to no text.

    Where no page has text, drawings count as pictures: some producers write letters as outlines.
    """
    characters = {page.number: sum(len(line.text) for line in page.lines) for page in pages}
    kinds = _PICTURES if any(characters.values()) else _DRAWINGS
    return tuple(
        number
        for number in range(1, len(document) + 1)
        if characters.get(number, 0) < _TEXT_CHARACTERS_MIN and _shows(document, number, kinds)
    )


def _shows(document: pdfium.PdfDocument, number: int, kinds: Sequence[int]) -> bool:
    try:
        page = document[number - 1]
        objects = page.get_objects(filter=kinds, max_depth=_OBJECT_DEPTH_MAX)
        return next(iter(objects), None) is not None
    except pdfium.PdfiumError:
        return False


def pictures(path: Path, numbers: Sequence[int]) -> Iterator[tuple[int, Image.Image]]:
    """Yield pages (from 1) at 200 dots per inch, as they are shown.

    Raises:
        DocumentDamaged: pdfium cannot draw one.
    """
    try:
        with pdfium.PdfDocument(path.read_bytes()) as document:
            for number in numbers:
                page = document[number - 1]
                yield number, _drawn(page)
                page.close()
    except pdfium.PdfiumError as error:
        raise DocumentDamaged from error


def _drawn(page: pdfium.PdfPage) -> Image.Image:
    """Draw a page; tiny and huge ones are brought to a size that letters can be read at.

    Text that is typed onto it is not drawn: it was read already.
    """
    pdf_marks.hide_typed(page)
    low, high = _SIDE_PIXELS
    longest = max(*page.get_size(), 1.0)
    scale = min(max(_DOTS_PER_POINT, low / longest), high / longest)
    picture: Image.Image = page.render(scale=scale).to_pil().convert("RGB")
    return picture
