"""Who wrote a file and when, as it says itself."""

import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import docx
import pytest
from pypdf import PdfWriter

from ingest import detect
from ingest.blocks import Origin
from ingest.parsers import origin

META = """<office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>
<meta:initial-creator>Ann</meta:initial-creator><dc:creator>Bob</dc:creator>
<dc:date>2024-03-05T10:00:00.123456789</dc:date></office:meta></office:document-meta>"""
BOOK = """<package xmlns="http://www.idpf.org/2007/opf"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:creator> 鲁迅 </dc:creator>
<dc:date>1921</dc:date></metadata></package>"""


def _pdf(**said: str) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_metadata({f"/{name}": value for name, value in said.items()})
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def _docx(author: str) -> bytes:
    document = docx.Document()
    document.core_properties.author = author
    document.core_properties.created = datetime(2001, 1, 1, tzinfo=UTC)
    document.core_properties.modified = datetime(2023, 5, 6, 7, tzinfo=UTC)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _zip(**parts: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        for name, text in parts.items():
            package.writestr(name.replace("__", "."), text)
    return file.getvalue()


MAIL = (
    b"From: =?utf-8?b?5byg5LiJ?= <z@example.com>\r\nDate: Mon, 1 Jan 2024 01:00:00 +0800\r\n\r\nHi"
)
CASES = {
    "pdf": (detect.PDF, _pdf(Author="Ann  Lee", CreationDate="D:20240131235959-05'00"), "Ann Lee"),
    "pdf, year only": (detect.PDF, _pdf(CreationDate="D:1999"), None),
    "pdf, no such day": (detect.PDF, _pdf(CreationDate="D:20249931", ModDate="D:20200102"), None),
    "pdf, before all files": (detect.PDF, _pdf(Author=" ", CreationDate="D:00010101"), None),
    "word": (detect.DOCX, _docx("Ann"), "Ann"),
    "open document": (detect.ODT, _zip(meta__xml=META), "Ann"),
    "book": (detect.EPUB, _zip(content__opf=BOOK), "鲁迅"),
    "mail": (detect.EML, MAIL, "张三"),
    "mail without a name": (detect.EML, b"From: z@example.com\r\n\r\nHi", "z@example.com"),
    "mail without anything": (detect.EML, b"From: \r\nDate: soon\r\n\r\nHi", None),
    "damaged package": (detect.DOCX, b"PK nothing", None),
    "package without the part": (detect.XLSX, _zip(other="x"), None),
    "text": (detect.TEXT, b"From: ann", None),
}
DATES = {
    "pdf": date(2024, 2, 1),  # in UTC
    "pdf, year only": date(1999, 1, 1),
    "pdf, no such day": date(2020, 1, 2),
    "word": date(2023, 5, 6),
    "open document": date(2024, 3, 5),
    "book": date(1921, 1, 1),
    "mail": date(2023, 12, 31),
}


@pytest.mark.parametrize("case", CASES)
def test_a_file_tells_its_author_and_day(case: str, tmp_path: Path) -> None:
    media_type, content, author = CASES[case]
    path = tmp_path / "file"
    path.write_bytes(content)
    assert origin.read(path, media_type) == Origin(author, DATES.get(case))


def test_an_author_is_not_as_long_as_a_file_likes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(_pdf(Author="x" * 10_000))
    assert origin.read(path, detect.PDF) == Origin("x" * 200, None)
