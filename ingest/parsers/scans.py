"""Read pages that are pictures, by OCR: same layout as the text of a PDF, same blocks."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image

from ingest import detect
from ingest.blocks import ParsedDocument
from ingest.parsers import (
    building,
    ocr,
    pdf_furniture,
    pdf_headings,
    pdf_layout,
    pdf_pictures,
    picture,
    scan_lines,
    scan_turns,
)
from ingest.settings import ParseLimits


def read(
    path: Path,
    media_type: str,
    numbers: Sequence[int],
    limits: ParseLimits,
    on_page: Callable[[], None] = lambda: None,
) -> ParsedDocument:
    """Blocks of the pages `numbers` (from 1) of a PDF or picture file; none where nothing is seen.

    `on_page` is called after each page. Side effects: loads the models, see `ocr.Reader`.

    Raises:
        DocumentDamaged, PictureTooLarge.
    """
    reader = ocr.Reader(limits.ocr_threads, limits.ocr_side_pixels_max)
    pages = []
    for number, shown in _pictures(path, media_type, numbers, limits):
        pages.append(scan_lines.page(number, scan_turns.upright(reader, shown)))
        on_page()
    pages = pdf_furniture.without_furniture(pages)
    headings = pdf_headings.Headings(pages, [])
    return building.document(pdf_layout.blocks(pages, headings), title=headings.title)


def _pictures(
    path: Path, media_type: str, numbers: Sequence[int], limits: ParseLimits
) -> Iterator[tuple[int, Image.Image]]:
    if media_type == detect.PDF:
        return pdf_pictures.pictures(path, numbers)
    return picture.pictures(path, numbers, limits)
