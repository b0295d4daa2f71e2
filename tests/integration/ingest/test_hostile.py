"""Hostile files that the project makes: each ends in a typed error or a document, in its limits."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress

import pypdf
import pytest
import xlsxwriter
from reportlab.pdfgen.canvas import Canvas

from ingest import detect
from ingest.errors import (
    ArchiveRefused,
    DocumentDamaged,
    DocumentEncrypted,
    DocumentWithoutPages,
    IngestError,
    NoText,
    OcrUnavailable,
    SheetTooSparse,
)
from ingest.sandbox import ParserSandbox
from ingest.settings import ParseLimits

MIB = 1024 * 1024
LIMITS = ParseLimits(parse_seconds_max=60, parse_memory_bytes_max=512 * MIB)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    with ParserSandbox() as running:
        yield running


def pdf(text: str | None = "Hello", pages: int = 1) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for _ in range(pages):
        if text:
            canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def rewritten(password: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf()))
    writer.encrypt(password, owner_password="owner", algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def raw_pdf(objects: list[bytes]) -> bytes:
    body = b"%PDF-1.7\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    count = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % count
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF" % (count, len(body))
    return body + head + table + trailer


def flate_bomb() -> bytes:
    packer = zlib.compressobj(1)
    inner = b"".join(packer.compress(bytes(16 * MIB)) for _ in range(40)) + packer.flush()
    stream = zlib.compress(inner, 9)
    return raw_pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>",
            b"<</Length %d/Filter[/FlateDecode/FlateDecode]>>\nstream\n%s\nendstream"
            % (len(stream), stream),
        ]
    )


TYPES = """<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels"
 ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-\
officedocument.wordprocessingml.document.main+xml"/></Types>"""
RELATIONS = """<Relationships
 xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="r1" Target="word/document.xml" Type="http://schemas.openxmlformats.org/\
officeDocument/2006/relationships/officeDocument"/></Relationships>"""


def docx(document: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", RELATIONS)
        archive.writestr("word/document.xml", document)
    return buffer.getvalue()


def sheet(cells: list[tuple[int, int]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for row, column in cells:
            page.write(row, column, "value")
    return buffer.getvalue()


BODY = (
    b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    b"<w:body><w:p><w:r><w:t>%s</w:t></w:r></w:p></w:body></w:document>"
)
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (97 + n, b"&%c;" % (96 + n) * 10) for n in range(1, 12)
)
STRANGER = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def read(sandbox: ParserSandbox, content: bytes, name: str = "document.pdf") -> str:
    media_type = detect.detect(io.BytesIO(content), name)
    return sandbox.parse(content, media_type, LIMITS).text


@pytest.mark.parametrize(
    ("content", "error"),
    [
        pytest.param(rewritten("secret"), DocumentEncrypted, id="encrypted PDF"),
        pytest.param(
            raw_pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"]),
            DocumentWithoutPages,
            id="PDF without pages",
        ),
        pytest.param(pdf(None), NoText, id="blank PDF"),
        pytest.param(b"%PDF-1.7\n" + b"garbage " * 99, DocumentDamaged, id="garbage PDF"),
        pytest.param(pdf()[:300], DocumentDamaged, id="truncated PDF"),
        pytest.param(docx(BODY % b"Hello")[:-80], DocumentDamaged, id="truncated DOCX"),
        pytest.param(docx(BODY % bytes(64 * MIB)), ArchiveRefused, id="zip bomb"),
        pytest.param(docx(b"not XML at all"), DocumentDamaged, id="DOCX without XML"),
        pytest.param(sheet([(0, 0), (1048575, 16383)]), SheetTooSparse, id="cell XFD1048576"),
        pytest.param(sheet([]), NoText, id="empty workbook"),
        pytest.param(b" \n \n", NoText, id="only space"),
    ],
)
def test_each_has_its_own_error(
    sandbox: ParserSandbox, content: bytes, error: type[IngestError]
) -> None:
    with pytest.raises(error) as raised:
        read(sandbox, content)
    assert type(raised.value) is error
    assert len(raised.value.detail) > 40  # a sentence that says what to do


def test_a_scan_says_that_text_recognition_is_off(sandbox: ParserSandbox) -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.rect(72, 72, 300, 300, fill=1)
    canvas.save()
    with pytest.raises(OcrUnavailable, match="OCR"):
        sandbox.parse(buffer.getvalue(), detect.PDF, ParseLimits(ocr_pages_max=0))


def test_a_pdf_with_an_empty_user_password_is_read(sandbox: ParserSandbox) -> None:
    assert read(sandbox, rewritten("")) == "Hello"


def test_a_flate_bomb_stays_in_its_memory(sandbox: ParserSandbox) -> None:
    with pytest.raises(IngestError):
        read(sandbox, flate_bomb())
    assert read(sandbox, pdf("still alive")) == "still alive"


def test_a_made_document_is_read(sandbox: ParserSandbox) -> None:
    assert read(sandbox, docx(BODY % b"Hello")) == "Hello"


def test_a_lone_cell_far_away_is_read(sandbox: ParserSandbox) -> None:
    assert "value" in read(sandbox, sheet([(1048575, 16383)]))


def test_deep_nesting_is_survived(sandbox: ParserSandbox) -> None:
    content = b"<html><body>" + b"<div>" * 50_000 + b"deep text" + b"</div>" * 50_000
    assert read(sandbox, content, "a.html") == "deep text"


def test_a_billion_laughs_are_not_expanded(sandbox: ParserSandbox) -> None:
    laughs = docx(LAUGHS + b"]>" + BODY % b"&k;")
    with suppress(IngestError):
        assert len(read(sandbox, laughs)) < MIB


def test_an_external_entity_is_not_read(sandbox: ParserSandbox) -> None:
    with suppress(IngestError):
        assert "root:" not in read(sandbox, docx(STRANGER + BODY % b"before &a; after"))
