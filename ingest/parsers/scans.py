"""Read pictures by OCR, scanned pages or what stands in office documents, into blocks.

Lines are laid out as those of a PDF are.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image

from ingest import detect
from ingest.blocks import ParsedDocument
from ingest.parsers import (
    building,
    data_urls,
    embedded,
    html,
    ocr,
    pdf_furniture,
    pdf_headings,
    pdf_layout,
    pdf_pictures,
    picture,
    scan_lines,
    scan_turns,
)
from ingest.parsers.pdf_lines import Page
from ingest.settings import ParseLimits
from retrieval.corpus import Box

OnPage = Callable[[ParsedDocument], None]
"""Called after each page with the document of all pages so far."""


def read(
    path: Path,
    media_type: str,
    numbers: Sequence[int],
    limits: ParseLimits,
    on_page: OnPage = lambda _so_far: None,
) -> ParsedDocument:
    """Blocks of the pages `numbers` (from 1) of a PDF or picture file; none where nothing is seen.

    `on_page` is called after each page. Side effects: loads the models, see `ocr.Reader`.

    Raises:
        DocumentDamaged, PictureTooLarge.
    """
    reader = ocr.Reader(limits.ocr_threads, limits.ocr_side_pixels_max)
    pages: list[Page] = []
    found = building.document([])
    for number, shown in _pictures(path, media_type, numbers, limits):
        pages.append(scan_lines.page(number, scan_turns.upright(reader, shown)))
        found = _document(pdf_furniture.without_furniture(pages))
        on_page(found)
    return found


def read_pictures(
    path: Path,
    media_type: str,
    wanted: Sequence[Box],
    limits: ParseLimits,
    on_page: OnPage = lambda _so_far: None,
) -> ParsedDocument:
    """Blocks of pictures inside a document; a block's page is the place in `wanted`, from 1.

    Each picture stands for itself: nothing is left out because others repeat it. Side effects and
    `on_page`: as `read`.

    Raises:
        DocumentDamaged: the document is; a damaged picture says nothing.
    """
    reader = ocr.Reader(limits.ocr_threads, limits.ocr_side_pixels_max)
    pages: list[Page] = []
    found = building.document([])
    for number, shown in enumerate(_embedded(path, media_type, wanted, limits), start=1):
        if shown is not None:
            pages.append(scan_lines.page(number, scan_turns.upright(reader, shown)))
            found = _document(pages)
        on_page(found)
    return found


def _document(pages: list[Page]) -> ParsedDocument:
    headings = pdf_headings.Headings(pages, [])
    return building.document(pdf_layout.blocks(pages, headings), title=headings.title)


def _embedded(
    path: Path, media_type: str, wanted: Sequence[Box], limits: ParseLimits
) -> Iterator[Image.Image | None]:
    if media_type == detect.HTML:
        return data_urls.pictures(html.markup(path), wanted, limits)
    return embedded.pictures(path, wanted, limits)


def _pictures(
    path: Path, media_type: str, numbers: Sequence[int], limits: ParseLimits
) -> Iterator[tuple[int, Image.Image]]:
    if media_type == detect.PDF:
        return pdf_pictures.pictures(path, numbers)
    return picture.pictures(path, numbers, limits)
