"""PDF by pypdf, for files that pdfium cannot open or finds no text in: text and pages only."""

import re
from collections.abc import Iterator
from pathlib import Path

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from ingest.blocks import Block, ParsedDocument
from ingest.errors import (
    DocumentDamaged,
    DocumentEncrypted,
    DocumentTooLarge,
    DocumentWithoutPages,
    NoText,
)
from ingest.parsers import building
from ingest.settings import ParseLimits

_BLANK_LINES = re.compile(r"\n\s*\n")

# What pypdf lets escape from malformed input besides its own errors.
_PYPDF_ERRORS = (
    PyPdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:
    """Read paragraphs with their page.

    Raises:
        DocumentDamaged, DocumentEncrypted, DocumentWithoutPages, DocumentTooLarge, NoText.
    """
    try:
        reader = PdfReader(path, strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentEncrypted
        count = len(reader.pages)
    except _PYPDF_ERRORS as error:
        raise DocumentDamaged from error
    if count == 0:
        raise DocumentWithoutPages
    if count > limits.pages_max:
        raise DocumentTooLarge
    document = building.document(_blocks(reader, count), page_count=count)
    if not document.blocks:
        raise NoText
    return document


def _blocks(reader: PdfReader, count: int) -> Iterator[Block]:
    for index in range(count):
        try:
            text = reader.pages[index].extract_text()
        except _PYPDF_ERRORS:
            continue
        for part in _BLANK_LINES.split(text):
            yield Block("text", part, page=index + 1)
