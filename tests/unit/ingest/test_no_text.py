"""A file with bytes and no text is an error in every format, never a success."""

import io
from collections.abc import Callable
from pathlib import Path

import docx
import pptx
import pytest
import xlsxwriter
from pypdf import PdfWriter

from ingest import detect
from ingest.errors import NoText
from ingest.parsers import parse


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


def blank_page() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    return saved(writer.write)


def blank_slide() -> bytes:
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[6])
    return saved(deck.save)


def blank_sheet() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        book.add_worksheet()
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b" \n\t\n", detect.TEXT),
        ("\ufeff\u200b\n".encode(), detect.TEXT),
        (b"\n\n", detect.MARKDOWN),
        (b",,\n,,\n", detect.CSV),
        (b"<!doctype html><html><body><script>1</script></body></html>", detect.HTML),
        (b"{\\rtf1\\ansi }", detect.RTF),
        (b"X-Nothing: 1\r\n\r\n", detect.EML),
        (saved(docx.Document().save), detect.DOCX),
        (blank_slide(), detect.PPTX),
        (blank_sheet(), detect.XLSX),
        (blank_page(), detect.PDF),
    ],
)
def test_no_text_is_an_error(content: bytes, media_type: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(NoText):
        parse(tmp_path / "a", media_type)
