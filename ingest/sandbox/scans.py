"""Scanned pages: what OCR reads in them takes the place of the pictures."""

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version

from ingest.blocks import ParsedDocument
from ingest.errors import DocumentTooLarge, IngestError, NoText, OcrUnavailable
from ingest.omissions import omitted_pages
from ingest.parsers import building
from ingest.sandbox.jobs import Job, OnPage, Read
from ingest.sandbox.reading import read_all
from ingest.settings import ParseLimits


def read_scans(
    document: ParsedDocument,
    job: Job,
    read: Read,
    on_page: OnPage,
    earlier: ParsedDocument | None = None,
) -> ParsedDocument:
    """Let OCR read what `document` says is unread; what it could not read is an omission.

    Pages that were read when `earlier` was made of the same file, in the same way, are taken from
    there.

    Raises:
        OcrUnavailable: there is nothing but pictures, and OCR is switched off.
        ParseError: there is nothing but pictures, and none could be read; the reason of the first.
        NoText: nothing was recognised in a document of pictures alone.
    """
    unread, most = document.unread_pages, job.limits.ocr_pages_max
    if not unread:
        return document
    recogniser = _recogniser(job.limits)
    known = _known(unread, earlier, recogniser)
    wanted = tuple(page for page in unread[:most] if page not in known)
    found = read_all(replace(job, scans=wanted), read, on_page)
    reasons: dict[int, IngestError] = {
        wanted[place]: reason for place, reason in found.unread.items()
    }
    beyond = DocumentTooLarge() if most else OcrUnavailable()
    reasons |= dict.fromkeys((page for page in unread[most:] if page not in known), beyond)
    scans = [scan for _, scan in found.documents]
    if earlier is not None and known:
        blocks = tuple(
            block for block in earlier.blocks if block.page in known and not block.beside
        )
        scans.append(replace(earlier, blocks=blocks))
    merged = _merged(document, scans)
    if not (merged.blocks or document.attachments):
        raise next(iter(reasons.values()), NoText())
    omissions = document.omissions + omitted_pages(reasons)
    return replace(merged, omissions=omissions, recogniser=recogniser)


def _recogniser(limits: ParseLimits) -> str:
    """Name what decides how a page is read; what others read is read anew."""
    return f"rapidocr-{version('rapidocr')}-{limits.ocr_side_pixels_max}"


def _known(
    unread: tuple[int, ...], earlier: ParsedDocument | None, recogniser: str
) -> frozenset[int]:
    """Return the pages that need not be read again."""
    if earlier is None or earlier.recogniser != recogniser:
        return frozenset()
    missing = {
        page
        for one in earlier.omissions
        for first, last in one.pages
        for page in range(first, min(last, max(unread)) + 1)
    }
    return frozenset(unread) - missing


def _merged(document: ParsedDocument, scans: Sequence[ParsedDocument]) -> ParsedDocument:
    """Put what OCR read in the place of the pages that were pictures; what stands beside stays."""
    recognised = [block for scan in scans for block in scan.blocks]
    replaced = {block.page for block in recognised}
    kept = [block for block in document.blocks if block.beside or block.page not in replaced]
    blocks = sorted([*recognised, *kept], key=lambda block: block.page or 0)
    title = document.title or next((scan.title for scan in scans if scan.title), None)
    merged = building.document(blocks, title=title, page_count=document.page_count)
    return replace(merged, origin=document.origin, attachments=document.attachments)
