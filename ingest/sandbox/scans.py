"""Scanned pages: what OCR reads in them takes the place of the pictures."""

from dataclasses import replace

from ingest.blocks import ParsedDocument
from ingest.errors import DocumentTooLarge, IngestError, NoText, OcrUnavailable
from ingest.omissions import omitted_pages
from ingest.parsers import building
from ingest.sandbox.jobs import Job, OnPage, Read
from ingest.sandbox.reading import Found, read_all


def read_scans(document: ParsedDocument, job: Job, read: Read, on_page: OnPage) -> ParsedDocument:
    """Let OCR read what `document` says is unread; what it could not read is an omission.

    Raises:
        OcrUnavailable: there is nothing but pictures, and OCR is switched off.
        ParseError: there is nothing but pictures, and none could be read; the reason of the first.
        NoText: nothing was recognised in a document of pictures alone.
    """
    unread, most = document.unread_pages, job.limits.ocr_pages_max
    if not unread:
        return document
    found = read_all(replace(job, scans=unread[:most]), read, on_page)
    reasons: dict[int, IngestError] = {
        unread[place]: reason for place, reason in found.unread.items()
    }
    beyond = DocumentTooLarge() if most else OcrUnavailable()
    reasons |= dict.fromkeys(unread[most:], beyond)
    merged = _merged(document, found)
    if not (merged.blocks or document.attachments):
        raise next(iter(reasons.values()), NoText())
    return replace(merged, omissions=document.omissions + omitted_pages(reasons))


def _merged(document: ParsedDocument, found: Found) -> ParsedDocument:
    """Put what OCR read in the place of the pages that were pictures."""
    scans = [scan for _, scan in found.documents]
    recognised = [block for scan in scans for block in scan.blocks]
    replaced = {block.page for block in recognised}
    kept = [block for block in document.blocks if block.page not in replaced]
    blocks = sorted([*kept, *recognised], key=lambda block: block.page or 0)
    title = document.title or next((scan.title for scan in scans if scan.title), None)
    merged = building.document(blocks, title=title, page_count=document.page_count)
    return replace(merged, origin=document.origin, attachments=document.attachments)
