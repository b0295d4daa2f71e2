"""Attachments: each is parsed as a document of its own, and becomes a part of the one it is in."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace

from ingest import detect
from ingest.blocks import Attachment, Block, ParsedDocument
from ingest.errors import (
    DocumentTooLarge,
    EmptyFile,
    NoText,
    OcrUnavailable,
    ParseError,
    SandboxUnavailable,
    UnsupportedType,
    UploadRefused,
)
from ingest.omissions import omitted
from ingest.parsers import building
from ingest.settings import ParseLimits

Parse = Callable[[bytes, str], ParsedDocument]
_HEADING_LEVEL = 2
_NOTHING = ParsedDocument(None, (), None, None)
# Logos, signatures, calendars and the like come with most messages: to name them is enough.
_SAYS_NOTHING = (EmptyFile, NoText, OcrUnavailable, UnsupportedType)


def inlined(document: ParsedDocument, limits: ParseLimits, parse: Parse) -> ParsedDocument:
    """Append what each attachment says, under its name; only the name of one that cannot be read.

    What a pasted picture says follows the text without a name, nothing if it cannot be read. An
    attachment of which something could not be read is an omission.
    Places of an attachment are left out: its pages are not those of the document.

    Raises:
        NoText: there is text neither in the document nor in an attachment.
        DocumentTooLarge: all together have more characters than allowed.
        SandboxUnavailable: an attachment could not be tried.
    """
    if not document.attachments:
        return document
    blocks = list(document.blocks)
    says_something = bool(blocks)
    reasons: list[str] = []
    for attachment in document.attachments:
        inner = _parsed(attachment, limits, parse)
        says_something = says_something or bool(inner.blocks)
        blocks += _under_its_name(attachment, inner.blocks)
        reasons += [inner.omissions[0].reason] if inner.omissions else []
    if sum(len(block.text) for block in blocks) > limits.characters_max:
        raise DocumentTooLarge
    if not says_something:
        raise NoText
    whole = building.document(blocks, title=document.title, page_count=document.page_count)
    omissions = document.omissions + omitted("attachments", reasons)
    return replace(whole, origin=document.origin, omissions=omissions)


def _under_its_name(attachment: Attachment, blocks: tuple[Block, ...]) -> Iterator[Block]:
    if attachment.pasted:
        for block in blocks:
            kind = "text" if block.level else block.kind
            yield replace(block, kind=kind, level=0, page=None, boxes=())
        return
    yield building.heading(attachment.name, _HEADING_LEVEL)
    for block in blocks:
        level = block.level + _HEADING_LEVEL if block.level else 0
        yield replace(block, level=min(level, building.LEVEL_MAX), page=None, boxes=())


def _parsed(attachment: Attachment, limits: ParseLimits, parse: Parse) -> ParsedDocument:
    try:
        media_type = detect.detect(io.BytesIO(attachment.content), attachment.name, limits.archive)
        return parse(attachment.content, media_type)
    except SandboxUnavailable:
        raise
    except (ParseError, UploadRefused) as error:
        expected = isinstance(error, _SAYS_NOTHING)
        return replace(_NOTHING, omissions=() if expected else omitted("attachments", [error.code]))
