"""Drawings inside office documents, pictures in their margins, and what is said of the unread."""

import base64
import struct
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml.ns import qn

from ingest import detect, parsers
from ingest.blocks import ParsedDocument
from ingest.errors import PictureTooLarge, PictureUnreadable
from ingest.omissions import Omission
from ingest.parsers import docx as word
from ingest.parsers import html, odf
from ingest.settings import ParseLimits
from tests.unit.ingest.test_embedded import NAMES, picture, shades
from tests.unit.ingest.test_vectors import bitmap, enhanced, record, text_record

LIMITS = ParseLimits()
UNREAD = (Omission("pictures", "picture_unreadable", 1),)
LETTERS = enhanced(text_record("Stamp", 0, 0))
NO_LETTERS = enhanced()
GLYPHS = enhanced(text_record("glyphs", 0, 0, options=0x10))


def drawn(document: Any, content: bytes, name: str) -> None:
    """Put a picture into the document and replace it by a drawing."""
    inline = document.add_paragraph().add_run().add_picture(picture(10))._inline
    part = Part(PackURI(f"/word/media/{name}"), "image/x-emf", content, document.part.package)
    blip = next(inline.iter(qn("a:blip")))
    blip.set(qn("r:embed"), document.part.relate_to(part, RELATIONSHIP_TYPE.IMAGE))


def parsed(document: Any, folder: Path, limits: ParseLimits = LIMITS) -> ParsedDocument:
    document.save(str(path := folder / "document"))
    return parsers.parse(path, detect.DOCX, limits)


def test_a_drawing_is_read_once_and_one_of_unknown_letters_is_named(tmp_path: Path) -> None:
    document = docx.Document()
    for content, name in ((LETTERS, "a.emf"), (NO_LETTERS, "b.emf"), (GLYPHS, "c.emf")):
        drawn(document, content, name)
    document.add_paragraph("End.")
    found = parsed(document, tmp_path)
    assert [block.text for block in found.blocks] == ["Stamp", "End."]
    assert found.omissions == UNREAD


@pytest.mark.parametrize("content", [GLYPHS, b"II\xbc\x01 a format that nobody reads"])
def test_a_document_of_one_unreadable_picture_says_so(content: bytes, tmp_path: Path) -> None:
    document = docx.Document()
    drawn(document, content, "a.emf")
    with pytest.raises(PictureUnreadable):
        parsed(document, tmp_path)


def test_a_picture_with_too_many_dots_is_named(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_picture(picture(10))
    limits = ParseLimits(picture_pixels_max=10_000)
    with pytest.raises(PictureTooLarge):
        parsed(document, tmp_path, limits)
    document.add_paragraph("Words.")
    assert parsed(document, tmp_path, limits).omissions[0].reason == "picture_too_large"


def test_pictures_of_headers_and_footers_are_read_once(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Dear Sir,")
    document.add_section()
    first, second = document.sections
    second.header.is_linked_to_previous = second.footer.is_linked_to_previous = False
    same = picture(10)
    for section in (first, second):
        section.header.paragraphs[0].add_run().add_picture(same)
        section.footer.paragraphs[0].add_run().add_picture(picture(20))
    unseen = first.first_page_header.paragraphs[0].add_run()
    unseen.add_picture(picture(30))
    document.save(str(path := tmp_path / "document"))
    assert shades(path, word.parse(path, LIMITS).blocks) == [10, "Dear Sir,", 20]
    first.different_first_page_header_footer = True
    document.save(str(path))
    assert 30 in shades(path, word.parse(path, LIMITS).blocks)


def open_document(path: Path, body: str, **parts: bytes) -> Path:
    urns = {name: f"urn:oasis:names:tc:opendocument:xmlns:{urn}:1.0" for name, urn in NAMES.items()}
    urns |= {"style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0"}
    urns |= {"xlink": "http://www.w3.org/1999/xlink"}
    spaces = " ".join(f'xmlns:{name}="{urn}"' for name, urn in urns.items())
    margins = "".join(
        f'<style:{name}><draw:image xlink:href="Pictures/{name}"/></style:{name}>'
        for name in ("header", "header-left", "footer")
    )
    page = f"<style:master-page>{margins}</style:master-page>"
    styles = f"<office:s {spaces}><office:master-styles>{page}</office:master-styles></office:s>"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("META-INF/manifest.xml", "<m/>")
        content = f"<office:c {spaces}><office:body><office:text>{body}</office:text></office:body>"
        package.writestr("content.xml", f"{content}</office:c>")
        package.writestr("styles.xml", styles)
        for name, data in parts.items():
            package.writestr(f"Pictures/{name.replace('_', '-')}", data)
    return path


def test_pictures_in_the_margins_of_an_open_document(tmp_path: Path) -> None:
    shaded = {
        name: picture(shade).getvalue()
        for name, shade in (("header", 10), ("header_left", 20), ("footer", 30))
    }
    path = open_document(tmp_path / "document", "<text:p>Body.</text:p>", **shaded)
    assert shades(path, odf.parse(path, LIMITS).blocks) == [10, 20, "Body.", 30]


def test_of_one_frame_one_picture_is_read(tmp_path: Path) -> None:
    image = '<draw:image xlink:href="Pictures/{}"/>'.format
    both = f"<draw:frame>{image('logo.svg')}{image('logo.png')}</draw:frame>"
    cells = "<table:table-row><table:table-cell><text:p>1</text:p></table:table-cell>"
    table = f"<draw:frame><table:table>{cells}</table:table-row></table:table>{image('p.svm')}"
    body = f"<text:p>{both}</text:p><text:p>{table}</draw:frame></text:p>"
    parts = {"logo.png": picture(40).getvalue(), "logo.svg": b"<svg/>", "p.svm": b"VCLMTF"}
    path = open_document(tmp_path / "document", body, **parts)
    found = odf.parse(path, LIMITS)
    assert shades(path, found.blocks) == [40, "1"]
    assert found.omissions == ()


def test_a_drawing_within_a_page_is_read(tmp_path: Path) -> None:
    svg = base64.b64encode(b"<svg><text>Quarter 3</text></svg>").decode()
    path = tmp_path / "page.html"
    path.write_text(f"<p>See</p><img src='data:image/svg+xml;base64,{svg}'><p>there.</p>")
    assert [block.text for block in html.parse(path, LIMITS).blocks] == [
        *("See", "Quarter 3", "there.")
    ]


def test_a_bitmap_in_a_drawing_is_left_to_recognition(tmp_path: Path) -> None:
    dib = bitmap()
    places = struct.pack("<4I", 80, 40, 120, len(dib) - 40)
    document = docx.Document()
    drawn(document, enhanced(record(81, bytes(40) + places + bytes(16) + dib)), "a.emf")
    document.save(str(path := tmp_path / "document"))
    assert shades(path, word.parse(path, LIMITS).blocks) == [10]
