"""Pictures inside office documents: what OCR reads in them stands where they stand."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from ingest.blocks import Block, ParsedDocument
from ingest.errors import NoText, OcrUnavailable
from ingest.parsers import building
from ingest.sandbox.jobs import Counted, Job, OnPage, parts
from ingest.settings import ParseLimits
from retrieval.corpus import Box

_Recognised = Mapping[Box, tuple[Block, ...]]


def read_pictures(
    document: ParsedDocument, job: Job, run: Callable[[Job], ParsedDocument], on_page: OnPage
) -> ParsedDocument:
    """Let OCR read the picture blocks of `document`, each picture once, some in each child.

    Raises:
        OcrUnavailable: there is nothing but pictures, and OCR is switched off.
        NoText: nothing was recognised in a document of pictures alone.
    """
    found = dict.fromkeys(block.boxes[0] for block in document.blocks if block.kind == "picture")
    if not found:
        return document
    wanted = tuple(found)[: _pictures_max(job.limits)]
    counted = Counted(len(wanted), on_page)
    recognised: dict[Box, tuple[Block, ...]] = {}
    for part in parts(wanted, job.limits.ocr_pages_per_process):
        limits = job.limits.for_scans(len(part))
        read = run(replace(job, pictures=part, limits=limits, on_page=counted))
        for number, box in enumerate(part, start=1):
            recognised[box] = tuple(
                block for block in read.blocks if block.page == number and block.kind != "picture"
            )
    blocks = tuple(_placed(document, recognised))
    if not (blocks or document.attachments):
        raise NoText if wanted else OcrUnavailable
    merged = building.document(blocks, title=document.title, page_count=document.page_count)
    return replace(merged, origin=document.origin, attachments=document.attachments)


def _pictures_max(limits: ParseLimits) -> int:
    return limits.ocr_pictures_max if limits.ocr_pages_max else 0


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
