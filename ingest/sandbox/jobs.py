"""What a child is asked to do: parse a document, or read some pages or pictures of it by OCR."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ingest.blocks import ParsedDocument
from ingest.errors import DocumentTooLarge, NoText, OcrUnavailable
from ingest.parsers import building
from ingest.settings import ParseLimits
from retrieval.corpus import Box

_Wanted = TypeVar("_Wanted")

OnPage = Callable[[int, int], None]
"""Called with how many of how many pages OCR has read."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work for one child.

    `document` is a descriptor; `scans` are pages to read by OCR, from 1, `pictures` those inside an
    office document, as `Block` names them.
    """

    document: int
    media_type: str
    limits: ParseLimits
    scans: tuple[int, ...] = ()
    pictures: tuple[Box, ...] = ()
    on_page: Callable[[], None] = lambda: None


def read_scans(
    document: ParsedDocument, job: Job, run: Callable[[Job], ParsedDocument], on_page: OnPage
) -> ParsedDocument:
    """Let OCR read what `document` says is unread, some pages in each child.

    Raises:
        OcrUnavailable: there is nothing but pictures, and OCR is switched off.
        DocumentTooLarge: more such pages than OCR may read.
        NoText: nothing was recognised in a document of pictures alone.
    """
    unread, limits = document.unread_pages, job.limits
    if not unread:
        return document
    if limits.ocr_pages_max == 0:
        if not document.blocks:
            raise OcrUnavailable
        return replace(document, unread_pages=())
    if len(unread) > limits.ocr_pages_max:
        raise DocumentTooLarge
    counted = Counted(len(unread), on_page)
    scans = [
        run(replace(job, scans=part, limits=limits.for_scans(len(part)), on_page=counted))
        for part in parts(unread, limits.ocr_pages_per_process)
    ]
    return _merged(document, scans)


class Counted:
    """Counts pages over the children of a document."""

    def __init__(self, total: int, on_page: OnPage) -> None:
        self._done, self._total, self._on_page = 0, total, on_page

    def __call__(self) -> None:
        """Report one more page."""
        # A child that says more than it was asked for is not believed.
        self._done = min(self._done + 1, self._total)
        self._on_page(self._done, self._total)


def parts(wanted: Sequence[_Wanted], size: int) -> Iterator[tuple[_Wanted, ...]]:
    """Cut what is wanted into what one child reads."""
    for start in range(0, len(wanted), size):
        yield tuple(wanted[start : start + size])


def _merged(document: ParsedDocument, scans: Sequence[ParsedDocument]) -> ParsedDocument:
    """Put what OCR read in the place of the pages that were pictures."""
    recognised = [block for scan in scans for block in scan.blocks]
    replaced = {block.page for block in recognised}
    kept = [block for block in document.blocks if block.page not in replaced]
    blocks = sorted([*kept, *recognised], key=lambda block: block.page or 0)
    if not (blocks or document.attachments):
        raise NoText
    title = document.title or next((scan.title for scan in scans if scan.title), None)
    merged = building.document(blocks, title=title, page_count=document.page_count)
    return replace(merged, origin=document.origin, attachments=document.attachments)
