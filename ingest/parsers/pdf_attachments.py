"""Files attached to a PDF, or to a place on one of its pages."""

from collections.abc import Iterator
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.blocks import Attachment
from ingest.parsers.attachments import named

_MARK_READ_AS_LATIN = "\xfe\xff"  # some producers encode a name twice
_ANNOTATIONS_MAX = 2_000  # looked at on one page


def attached(document: pdfium.PdfDocument) -> Iterator[Attachment]:
    """Yield the attached files; one that pdfium cannot unpack keeps its name and has no bytes."""
    for index in range(document.count_attachments()):
        yield _read(document.get_attachment(index))
    for number in range(len(document)):
        yield from _on_page(document, number)


def _on_page(document: pdfium.PdfDocument, number: int) -> Iterator[Attachment]:
    """Yield files behind the paper clips of a page."""
    try:
        page = document[number]
    except pdfium.PdfiumError:
        return
    try:
        for index in range(min(raw.FPDFPage_GetAnnotCount(page), _ANNOTATIONS_MAX)):
            annotation = raw.FPDFPage_GetAnnot(page, index)
            if annotation and (file := _of(annotation)):
                yield _read(pdfium.PdfAttachment(file, document))
            raw.FPDFPage_CloseAnnot(annotation)
    finally:
        page.close()


def _of(annotation: Any) -> Any:
    if raw.FPDFAnnot_GetSubtype(annotation) != raw.FPDF_ANNOT_FILEATTACHMENT:
        return None
    return raw.FPDFAnnot_GetFileAttachment(annotation)


def _read(attachment: pdfium.PdfAttachment) -> Attachment:
    return named(_name(attachment), _content(attachment))


def _name(attachment: pdfium.PdfAttachment) -> str | None:
    try:
        name: str = attachment.get_name()
        if name.startswith(_MARK_READ_AS_LATIN):
            return name.encode("latin-1").decode("utf-16")
    except (pdfium.PdfiumError, UnicodeError):
        return None
    return name


def _content(attachment: pdfium.PdfAttachment) -> bytes:
    try:
        return bytes(attachment.get_data())
    except pdfium.PdfiumError:
        return b""
