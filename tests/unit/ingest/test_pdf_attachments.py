"""Files attached to PDFs are found, wherever they hang."""

import io
from pathlib import Path

import pytest
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    StreamObject,
    TextStringObject,
)

from ingest.blocks import Attachment
from ingest.errors import DocumentTooLarge, NoText
from ingest.parsers.pdf import parse
from ingest.settings import ParseLimits


def on_page(writer: PdfWriter, name: str, content: bytes) -> DictionaryObject:
    """A paper clip on a page."""
    stream = StreamObject()
    stream.set_data(content)
    stream[NameObject("/Type")] = NameObject("/EmbeddedFile")
    files = DictionaryObject({NameObject("/F"): writer._add_object(stream)})
    file = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Filespec"),
            NameObject("/F"): TextStringObject(name),
            NameObject("/UF"): TextStringObject(name),
            NameObject("/EF"): files,
        }
    )
    return DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/FileAttachment"),
            NameObject("/Rect"): ArrayObject(map(FloatObject, (10, 10, 20, 20))),
            NameObject("/FS"): file,
        }
    )


@pytest.fixture
def writer() -> PdfWriter:
    pdf = PdfWriter()
    pdf.add_blank_page(200, 200)
    return pdf


def saved(writer: PdfWriter, folder: Path) -> Path:
    buffer = io.BytesIO()
    writer.write(buffer)
    (folder / "a").write_bytes(buffer.getvalue())
    return folder / "a"


def test_files_of_the_document_and_of_its_pages_are_found(
    writer: PdfWriter, tmp_path: Path
) -> None:
    writer.add_attachment("报价.csv", b"part,price\nbolt,3\n")
    note = writer._add_object(on_page(writer, "note.txt", b"Call the plant."))
    writer.pages[0][NameObject("/Annots")] = ArrayObject([note])
    document = parse(saved(writer, tmp_path), ParseLimits())
    assert document.attachments == (
        Attachment("报价.csv", b"part,price\nbolt,3\n"),
        Attachment("note.txt", b"Call the plant."),
    )
    assert (document.blocks, document.page_count) == ((), 1)


def test_a_file_without_bytes_keeps_its_name(writer: PdfWriter, tmp_path: Path) -> None:
    writer.add_attachment("empty.txt", b"")
    assert parse(saved(writer, tmp_path), ParseLimits()).attachments == (
        Attachment("empty.txt", b""),
    )


def test_a_blank_page_without_files_has_no_text(writer: PdfWriter, tmp_path: Path) -> None:
    with pytest.raises(NoText):
        parse(saved(writer, tmp_path), ParseLimits())


def test_attachments_are_limited(writer: PdfWriter, tmp_path: Path) -> None:
    writer.add_attachment("one", b"123456")
    writer.add_attachment("two", b"123456")
    path = saved(writer, tmp_path)
    for limits in (ParseLimits(attachments_max=1), ParseLimits(attachment_bytes_max=10)):
        with pytest.raises(DocumentTooLarge):
            parse(path, limits)
