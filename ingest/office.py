"""Office documents as PDF, to be looked at: each is converted once, where LibreOffice is installed.

A document that cannot be converted is shown as its text.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import structlog

from ingest import detect
from ingest.blocks import ParsedDocument
from ingest.errors import ParseError
from ingest.sandbox.conversion import converted, converter
from ingest.settings import ParseLimits

_log = structlog.get_logger()

CONVERTED = frozenset(
    {
        detect.DOCX,
        detect.DOC,
        detect.ODT,
        detect.RTF,
        detect.PPTX,
        detect.PPT,
        detect.ODP,
        detect.XLSX,
        detect.XLS,
        detect.ODS,
    }
)

Parse = Callable[[BinaryIO | bytes, str, ParseLimits], ParsedDocument]


@dataclass(frozen=True, slots=True)
class OfficeView:
    """A document as PDF, and what is read in that."""

    pdf: bytes
    document: ParsedDocument


class OfficeViews:
    """Makes views of office documents; `parse` reads the PDF in the sandbox."""

    def __init__(self, parse: Parse, limits: ParseLimits) -> None:
        self._parse = parse
        self._limits = limits

    def __call__(self, content: BinaryIO, media_type: str) -> OfficeView | None:
        """Return the view of a document; None where there can be none.

        Side effects: see `ingest.sandbox.conversion.converted`.
        """
        if media_type not in CONVERTED:
            return None
        pdf = converted(content, "pdf", self._limits)
        if pdf is None:
            return None
        limits = self._limits.model_copy(update={"ocr_pages_max": 0})  # pictures have no words here
        try:
            return OfficeView(pdf, self._parse(pdf, detect.PDF, limits))
        except ParseError as error:
            _log.warning("office.not_read", code=error.code)
            return None


def extensions() -> list[str]:
    """Return the extensions of files that can be read here."""
    return sorted(
        extension
        for extension, media_type in detect.EXTENSIONS.items()
        if media_type not in detect.LEGACY_TYPES or converter()
    )
