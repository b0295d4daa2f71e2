"""Pictures inside office documents: what OCR reads in them stands where they stand."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ingest.blocks import Block, ParsedDocument
from ingest.errors import DocumentTooLarge, IngestError, NoText, OcrUnavailable
from ingest.omissions import omitted
from ingest.parsers import building
from ingest.sandbox.jobs import Job, OnPage, Read
from ingest.sandbox.reading import Found, read_all
from ingest.settings import ParseLimits
from retrieval.corpus import Box

_Recognised = Mapping[Box, tuple[Block, ...]]


def read_pictures(
    document: ParsedDocument, job: Job, read: Read, on_page: OnPage
) -> ParsedDocument:
    """Let OCR read the picture blocks of `document`, each picture once.

    Those that it could not read, or that are more than it may read, are an omission; where OCR is
    switched off, pictures in a document with text count as decoration.

    Raises:
        OcrUnavailable: there is nothing but pictures, and OCR is switched off.
        ParseError: there is nothing but pictures, and none could be read; the reason of the first.
        NoText: nothing was recognised in a document of pictures alone.
    """
    boxes = (block.boxes[0] for block in document.blocks if block.kind == "picture")
    pictures = tuple(dict.fromkeys(boxes))
    if not pictures:
        return document
    most = _pictures_max(job.limits)
    wanted = pictures[:most]
    found = read_all(replace(job, pictures=wanted), read, on_page)
    reasons: list[IngestError] = list(found.unread.values())
    if most:
        reasons += [DocumentTooLarge()] * (len(pictures) - len(wanted))
    blocks = tuple(_placed(document, _recognised(wanted, found)))
    if not (blocks or document.attachments):
        raise next(iter(reasons), NoText() if most else OcrUnavailable())
    merged = building.document(blocks, title=document.title, page_count=document.page_count)
    return replace(
        merged,
        origin=document.origin,
        attachments=document.attachments,
        omissions=document.omissions + omitted("pictures", (reason.code for reason in reasons)),
    )


def _pictures_max(limits: ParseLimits) -> int:
    return limits.ocr_pictures_max if limits.ocr_pages_max else 0


def _recognised(wanted: tuple[Box, ...], found: Found) -> _Recognised:
    """What was read in each picture; a child numbers those that it read from 1."""
    recognised: dict[Box, tuple[Block, ...]] = {}
    for start, document in found.documents:
        for block in document.blocks:
            place = start + (block.page or 0) - 1
            if block.kind != "picture" and start <= place < len(wanted):
                recognised[wanted[place]] = (*recognised.get(wanted[place], ()), block)
    return recognised


def _placed(document: ParsedDocument, recognised: _Recognised) -> Iterator[Block]:
    """Put what was read where a picture stands first.

    Large letters in a picture are no headings of a document that has text of its own: what follows
    the picture would come under them.
    """
    headings = all(block.kind == "picture" for block in document.blocks)
    left = dict(recognised)
    for block in document.blocks:
        if block.kind != "picture":
            yield block
            continue
        for read in left.pop(block.boxes[0], ()):
            plain = replace(read, page=block.page, boxes=())
            yield plain if headings or not read.level else replace(plain, kind="text", level=0)
