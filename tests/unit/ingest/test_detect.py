import io
import zipfile

import pytest

from ingest import detect
from ingest.errors import DocumentEncrypted, EmptyFile, UnsupportedType

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def ooxml(part: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(part, "<x/>")
    return buffer.getvalue()


def named(media_type: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("mimetype", media_type)
    return buffer.getvalue()


WORD = bytes.fromhex("0609020000000000c000000000000046")


def ole(stream: str, root_class: bytes = bytes(16)) -> bytes:
    header = OLE + bytes(22) + b"\x09\0" + bytes(16) + b"\1\0\0\0"
    root = header.ljust(2 * 512, b"\0") + bytes(80) + root_class + bytes(32)
    return root + stream.encode("utf-16-le") + bytes(64)


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"%PDF-1.7\n", "a.pdf", detect.PDF),
        (b"%PDF-1.7\n", "renamed.txt", detect.PDF),
        (b"\n\n junk %PDF-1.4", "a.pdf", detect.PDF),
        (ooxml("word/document.xml"), "a.docx", detect.DOCX),
        (ooxml("word/document.xml"), "a.pdf", detect.DOCX),
        (ooxml("ppt/presentation.xml"), "a.pptx", detect.PPTX),
        (ooxml("xl/workbook.xml"), "a.xlsx", detect.XLSX),
        (ole("Workbook"), "a.xls", detect.XLS),
        (ole("__properties_version1.0"), "a.msg", detect.MSG),
        (ole("WordDocument"), "a.doc", detect.DOC),
        (ole("PowerPoint Document"), "a.ppt", detect.PPT),
        (ole("Workbook", WORD), "with a table.doc", detect.DOC),
        (b"\x89PNG\r\n\x1a\n" + bytes(9), "a.png", detect.PNG),
        (b"\xff\xd8\xff\xe0", "a.pdf", detect.JPEG),
        (b"II*\x00" + bytes(9), "a.tif", detect.TIFF),
        (b"MM\x00*" + bytes(9), "a.tif", detect.TIFF),
        (b"RIFF\x00\x01\x00\x00WEBPVP8 ", "a.webp", detect.WEBP),
        (b"{\\rtf1 hello}", "a.doc", detect.RTF),
        (named(detect.ODT), "a.odt", detect.ODT),
        (named(detect.EPUB), "a.zip", detect.EPUB),
        (b"<!DOCTYPE html><html>", "a.html", detect.HTML),
        (b"<!-- x --><html>", "a.txt", detect.HTML),
        (b"# Title\n\ntext", "a.md", detect.MARKDOWN),
        (b"# Title\n\ntext", "a.txt", detect.TEXT),
        (b"a,b\n1,2\n", "a.csv", detect.CSV),
        (b"a,b\n1,2\n", "A.CSV", detect.CSV),
        (b"From: a@x.org\nTo: b@x.org\nSubject: s\n\nhi", "a.eml", detect.EML),
        (b"From: a@x.org\r\nTo: b@x.org\r\nDate: s\r\n\r\nhi", "saved.txt", detect.EML),
        ("公司".encode("gb18030"), "a.txt", detect.TEXT),
        ("plain".encode("utf-16"), "a.txt", detect.TEXT),
        ("plain text here".encode("utf-16-le"), "a.txt", detect.TEXT),
        ("plain 文字".encode("utf-32"), "a.txt", detect.TEXT),
        ("MZ is two letters".encode("utf-16-le"), "a.txt", detect.TEXT),
        (b"MZ is two letters", "a.txt", detect.TEXT),
        ("一段普通的文字 and more\r\n".encode("utf-16-le") * 9, "a.txt", detect.TEXT),
        ("surrogates 😀 are cut 😀".encode("utf-16-be")[:-2], "a.txt", detect.TEXT),
        (b"BMW sold more cars", "a.txt", detect.TEXT),
        (b"plain", "a.pdf", detect.TEXT),
    ],
)
def test_the_content_decides(content: bytes, name: str, expected: str) -> None:
    assert detect.detect(io.BytesIO(content), name) == expected


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"GIF89a" + bytes(20), "as PNG"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(9), "as PNG"),
        (b"\x00\x00\x00\x18ftypheix" + bytes(9), "as PNG"),
        (b"\x00\x00\x00\x2cftypmsf1" + bytes(9), "as PNG"),
        (b"BM" + b"\x10\x00\x00\x00" + bytes(20), "as PNG"),
        (ooxml("something/else"), "Unpack"),
        (named("application/x-unknown"), "Unpack"),
        (b"\x1f\x8b\x08" + bytes(20), "Unpack"),
        (ole("SomethingElse"), ".docx"),
        (b"\x7fELF" + bytes(100), "Upload PDF"),
        (b"MZ\0\1" + b"\1\0\2\0\4\0" * 30, "Upload PDF"),
        (b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0\xb8" + bytes(80), "Upload PDF"),
        (b"\1\0\2\0\3\0\4\0" * 99, "Upload PDF"),
        (b"\xff\xfe" + bytes(range(256)) * 8, "Upload PDF"),
        (b"\xff\xfe" + b"\1\xd8\2\xd8" * 40, "Upload PDF"),
        (b"SQLite format 3\0" + bytes(90), "Upload PDF"),
    ],
)
def test_what_cannot_be_read_is_refused_with_advice(content: bytes, says: str) -> None:
    with pytest.raises(UnsupportedType, match=says):
        detect.detect(io.BytesIO(content), "a.pdf")


def test_a_file_without_bytes_is_empty() -> None:
    with pytest.raises(EmptyFile):
        detect.detect(io.BytesIO(b""), "a.pdf")


def test_an_encrypted_office_file_asks_for_the_password_to_be_removed() -> None:
    with pytest.raises(DocumentEncrypted, match="Remove the password"):
        detect.detect(io.BytesIO(ole("EncryptedPackage")), "a.docx")


def test_the_stream_is_left_at_its_start() -> None:
    content = io.BytesIO(ooxml("word/document.xml"))
    detect.detect(content, "a.docx")
    assert content.tell() == 0


def test_extensions_cover_the_formats_people_have() -> None:
    assert {".pdf", ".docx", ".pptx", ".xlsx", ".csv", ".html", ".md", ".txt", ".eml"} <= set(
        detect.EXTENSIONS
    )
