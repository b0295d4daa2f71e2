"""OpenDocument and EPUB files that are locked, hostile or broken."""

import io
import zipfile
from pathlib import Path

import pytest

from ingest.errors import DocumentDamaged, DocumentEncrypted
from ingest.parsers import epub, odf
from ingest.settings import ParseLimits

CONTAINER = '<container><rootfile full-path="b.opf"/></container>'
BOOK = (
    '<package><manifest><item id="a" href="a.html" media-type="text/html"/></manifest>'
    '<spine><itemref idref="a"/></spine></package>'
)
LOCK = '<encryption><CipherReference URI="%s"/></encryption>'
LAUGHS = (
    '<!DOCTYPE b [<!ENTITY a "ha ha ha"><!ENTITY b "&a;&a;&a;">'
    '<!ENTITY file SYSTEM "file:///etc/hostname">]>'
    '<b xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    "<o:body><t:p>Seen &b;&file;</t:p></o:body></b>"
)


@pytest.fixture
def file(tmp_path: Path):
    def write(**parts: str) -> Path:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as package:
            for name, content in parts.items():
                package.writestr(name.replace("__", "/").replace("_", "."), content)
        path = tmp_path / "document"
        path.write_bytes(buffer.getvalue())
        return path

    return write


def book(file, **parts: str) -> Path:
    with_container = {"META-INF__container_xml": CONTAINER, "b_opf": BOOK}
    return file(**with_container, a_html="<p>Chapter text.</p>", **parts)


def test_an_encrypted_odf_asks_for_its_password_to_be_removed(file) -> None:
    path = file(**{"META-INF__manifest_xml": "<m><encryption-data/></m>", "content_xml": "?"})
    with pytest.raises(DocumentEncrypted):
        odf.parse(path, ParseLimits())


def test_entities_are_not_expanded(file) -> None:
    path = file(**{"META-INF__manifest_xml": "<m/>", "content_xml": LAUGHS})
    assert odf.parse(path, ParseLimits()).text == "Seen"


@pytest.mark.parametrize("content", ["<b>", "", "<b/>"])
def test_broken_odf(file, content: str) -> None:
    path = file(**{"META-INF__manifest_xml": "<m/>", "content_xml": content})
    if content == "<b/>":
        assert not odf.parse(path, ParseLimits()).blocks
        return
    with pytest.raises(DocumentDamaged):
        odf.parse(path, ParseLimits())


def test_a_locked_book_is_told_from_one_with_locked_fonts(file) -> None:
    path = book(file, **{"META-INF__encryption_xml": LOCK % "font.otf"})
    assert epub.parse(path, ParseLimits()).text == "Chapter text."
    path = book(file, **{"META-INF__encryption_xml": LOCK % "a.html"})
    with pytest.raises(DocumentEncrypted):
        epub.parse(path, ParseLimits())


def test_a_book_without_its_list_of_parts_is_damaged(file) -> None:
    with pytest.raises(DocumentDamaged):
        epub.parse(file(a_html="x"), ParseLimits())
