"""PDF by pdfium, with the layout from font size, weight and bookmarks; pypdf is the fallback."""

from dataclasses import replace
from pathlib import Path

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.blocks import ParsedDocument
from ingest.errors import (
    DocumentDamaged,
    DocumentEncrypted,
    DocumentTooLarge,
    DocumentWithoutPages,
    NoText,
)
from ingest.parsers import (
    building,
    pdf_attachments,
    pdf_comments,
    pdf_contents,
    pdf_continued,
    pdf_fallback,
    pdf_forms,
    pdf_furniture,
    pdf_headings,
    pdf_layout,
    pdf_pictures,
    pdf_rows,
    pdf_typed,
)
from ingest.parsers.attachments import admitted
from ingest.parsers.pdf_lines import Page
from ingest.settings import ParseLimits

_BOOKMARKS_MAX = 5_000


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:
    """Blocks with page and one box per line.

    Raises:
        DocumentEncrypted, DocumentDamaged, DocumentWithoutPages, DocumentTooLarge.
        NoText: neither text nor pictures nor attached files.
    """
    try:
        document = pdfium.PdfDocument(path.read_bytes())  # by path it would resolve a link
    except pdfium.PdfiumError as error:
        return _without_pdfium(path, limits, error)
    with document:
        files = admitted(pdf_attachments.attached(document), limits)
        try:
            return replace(_read(document, path, limits), attachments=files)
        except (NoText, DocumentWithoutPages):
            if not files:
                raise
            return ParsedDocument(None, (), len(document), None, attachments=files)


def _without_pdfium(path: Path, limits: ParseLimits, error: pdfium.PdfiumError) -> ParsedDocument:
    if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
        raise DocumentEncrypted from error
    try:
        return pdf_fallback.parse(path, limits)
    except NoText as nothing:
        raise DocumentDamaged from nothing


def _read(document: pdfium.PdfDocument, path: Path, limits: ParseLimits) -> ParsedDocument:
    count = len(document)
    if count == 0:
        raise DocumentWithoutPages
    if count > limits.pages_max:
        raise DocumentTooLarge
    pages = [page for index in range(count) if (page := _page(document, index)) is not None]
    unread = pdf_pictures.unread(document, pages)
    marked = [pdf_typed.filled(page, is_scan=page.number in unread) for page in pages]
    if any(page.lines for page in pages):
        return replace(_laid_out(document, marked), unread_pages=unread)
    hides_text = any(page.hides_text for page in pages)
    try:
        found = _without_text(path, limits, count, unread, hides_text=hides_text)
    except NoText:
        if not any(page.marks for page in marked):
            raise
        found = ParsedDocument(None, (), count, None)
    blocks = pdf_comments.placed(found.blocks, marked)
    written = building.document(blocks, title=found.title, page_count=count)
    return replace(written, unread_pages=found.unread_pages)


def _laid_out(document: pdfium.PdfDocument, pages: list[Page]) -> ParsedDocument:
    pages = pdf_furniture.without_furniture(pages)
    headings = pdf_headings.Headings(pages, _bookmarks(document))
    blocks = pdf_continued.with_headers(pdf_layout.blocks(pages, headings))
    marked = pdf_comments.placed(blocks, pages)
    return building.document(marked, title=headings.title, page_count=len(document))


def _page(document: pdfium.PdfDocument, index: int) -> Page | None:
    """Read a page. One that pdfium cannot load is left out; the others still count."""
    try:
        page = pdf_forms.read(document, index)
        page = replace(page, lines=pdf_rows.joined(page.lines, page.width))
        return pdf_contents.with_entries(page)
    except pdfium.PdfiumError:
        return None


def _bookmarks(document: pdfium.PdfDocument) -> list[tuple[str, int]]:
    """(title, level from 1) of the outline."""
    bookmarks = []
    for bookmark in document.get_toc(max_depth=building.LEVEL_MAX):
        bookmarks.append((bookmark.get_title(), bookmark.level + 1))
        if len(bookmarks) == _BOOKMARKS_MAX:
            break
    return bookmarks


def _without_text(
    path: Path, limits: ParseLimits, count: int, unread: tuple[int, ...], *, hides_text: bool
) -> ParsedDocument:
    """Ask another reader when pdfium saw no text, else leave what there is to see to OCR."""
    try:
        if not hides_text:  # which the other reader would not notice
            return pdf_fallback.parse(path, limits)
    except (NoText, DocumentDamaged):
        pass
    if not unread:
        raise NoText
    return ParsedDocument(None, (), count, None, unread)
