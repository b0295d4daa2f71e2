"""One parser per format, each `parse(path, limits) -> ParsedDocument`; `parse` chooses.

Parsers run inside the sandbox on hostile input: they may be slow or crash, must not reach the
network, and write no file. Libraries are imported by the module of the format that needs them.

Importing this package switches off what `unstructured` tells its makers at its first import.
"""

import os
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from ingest import archives, detect
from ingest.blocks import ParsedDocument
from ingest.errors import PARSE_ERRORS, DocumentTooLarge, NoText, UnsupportedType
from ingest.parsers import office_files, origin
from ingest.settings import ParseLimits

os.environ.update(DO_NOT_TRACK="true", SCARF_NO_ANALYTICS="true", UNSTRUCTURED_DISABLE_NOTICE="1")

_MODULES = {
    detect.PDF: "pdf",
    detect.DOCX: "docx",
    detect.PPTX: "pptx",
    detect.XLSX: "spreadsheet",
    detect.XLS: "spreadsheet",
    detect.ODS: "spreadsheet",
    detect.ODT: "odf",
    detect.ODP: "odf",
    detect.RTF: "rtf",
    detect.EPUB: "epub",
    detect.CSV: "csv",
    detect.HTML: "html",
    detect.MARKDOWN: "markdown",
    detect.TEXT: "text",
    detect.EML: "email",
    detect.MSG: "msg",
    detect.PNG: "picture",
    detect.JPEG: "picture",
    detect.TIFF: "picture",
    detect.WEBP: "picture",
}

_WITH_FILES = frozenset({detect.DOCX, detect.PPTX, detect.XLSX})


def parse(path: Path, media_type: str, limits: ParseLimits | None = None) -> ParsedDocument:
    """Parse a file of a type that `detect` named, but not its scanned pages and attachments.

    Raises:
        ParseError: the leaf says why; `NoText` when nothing came out of a file with bytes.
        UnsupportedType: no parser for `media_type`.
    """
    limits = limits or ParseLimits()
    if media_type not in _MODULES:
        raise UnsupportedType
    if detect.is_package(media_type):
        with path.open("rb") as content:
            archives.admit(content, limits.archive)
    module = import_module(f"ingest.parsers.{_MODULES[media_type]}")
    document: ParsedDocument = module.parse(path, limits)
    if media_type in _WITH_FILES:
        files, beyond = office_files.inside(path, limits)
        document = replace(document, attachments=files, omissions=document.omissions + beyond)
    if not (document.blocks or document.unread_pages or document.attachments):
        raise next((PARSE_ERRORS[one.reason]() for one in document.omissions), NoText())
    if sum(len(block.text) for block in document.blocks) > limits.characters_max:
        raise DocumentTooLarge
    return replace(document, origin=origin.read(path, media_type))
