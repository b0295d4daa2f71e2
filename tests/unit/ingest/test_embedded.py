"""Pictures inside office documents: which ones are to be read, and how much of them."""

import io
import zipfile
from pathlib import Path
from typing import Any

import docx
import pptx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from PIL import Image
from pptx.oxml.ns import qn as pptx_qn
from pptx.util import Inches

from ingest.blocks import Block
from ingest.parsers import docx as word
from ingest.parsers import embedded, odf
from ingest.parsers import pptx as presentation
from ingest.settings import ParseLimits
from retrieval.corpus import Box

LIMITS = ParseLimits()


def picture(shade: int, size: tuple[int, int] = (200, 100), kind: str = "PNG") -> io.BytesIO:
    Image.new("L", size, shade).save(content := io.BytesIO(), kind)
    content.seek(0)
    return content


def shades(path: Path, blocks: tuple[Block, ...]) -> list[object]:
    """Text of the blocks; for a picture the shade of its first pixel."""
    boxes = [block.boxes[0] for block in blocks if block.kind == "picture"]
    looks = iter(embedded.pictures(path, boxes, LIMITS))
    return [_shade(next(looks)) if b.kind == "picture" else b.text for b in blocks]


def _shade(look: Image.Image | None) -> object:
    assert look is not None
    return look.getpixel((0, 0))[0]  # type: ignore[index]


def test_pictures_stand_where_the_document_has_them(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Contract", 1)
    table = document.add_table(1, 1)
    table.cell(0, 0).paragraphs[0].add_run().add_picture(picture(10))
    paragraph = document.add_paragraph("Before. ")
    paragraph.add_run().add_picture(picture(20, kind="GIF"))
    document.add_paragraph("After.")
    document.add_picture(picture(30, kind="BMP"))
    document.save(str(path := tmp_path / "document"))
    blocks = word.parse(path, LIMITS).blocks
    assert shades(path, blocks) == ["Contract", 10, "Before.", 20, "After.", 30]


def test_a_page_break_within_a_paragraph_loses_no_picture(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(1, 1)
    table.cell(0, 0).paragraphs[0].add_run().add_picture(picture(10))
    run = document.add_paragraph("Over ").add_run("two pages.")
    broken: Any = run._r
    broken.insert(0, OxmlElement("w:lastRenderedPageBreak"))
    document.save(str(path := tmp_path / "document"))
    assert shades(path, word.parse(path, LIMITS).blocks) == [10, "Over two pages."]


def test_icons_and_what_is_too_large_or_no_picture_are_left_out(tmp_path: Path) -> None:
    document = docx.Document()
    for content in (picture(1, (99, 101)), picture(2, (101, 100)), picture(3, (400, 300))):
        document.add_picture(content)
    document.save(whole := io.BytesIO())
    path = tmp_path / "document"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.infolist():
            new.writestr(entry, old.read(entry))
    limits = ParseLimits(picture_pixels_max=100_000)
    assert shades(path, word.parse(path, limits).blocks) == [2]


def test_a_damaged_picture_is_nothing(tmp_path: Path) -> None:
    content = picture(0, (300, 300), "BMP").getvalue()[:200]
    document = docx.Document()
    document.add_picture(io.BytesIO(content))
    document.save(str(path := tmp_path / "document"))
    [block] = word.parse(path, LIMITS).blocks
    assert list(embedded.pictures(path, block.boxes, LIMITS)) == [None]


def test_linked_and_hidden_pictures_are_left_out(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Words.")
    linked = document.add_paragraph().add_run().add_picture(picture(10))
    blip = next(linked._inline.iter(qn("a:blip")))
    url = "https://example.org/a.png"
    blip.set(qn("r:embed"), document.part.relate_to(url, RELATIONSHIP_TYPE.IMAGE, is_external=True))
    hidden = document.add_paragraph().add_run().add_picture(picture(20))
    hidden._inline.docPr.set("hidden", "1")
    vanished = document.add_paragraph().add_run()
    vanished.add_picture(picture(30))
    vanished.font.hidden = True
    document.save(str(path := tmp_path / "document"))
    assert shades(path, word.parse(path, LIMITS).blocks) == ["Words."]


def test_only_what_is_shown_of_a_picture_is_looked_at(tmp_path: Path) -> None:
    document = docx.Document()
    inline: Any = document.add_paragraph().add_run().add_picture(picture(10, (400, 200)))._inline
    crop = OxmlElement("a:srcRect")
    crop.set("l", "25000")
    crop.set("b", "50000")
    next(inline.iter(qn("a:blip"))).addnext(crop)
    document.save(str(path := tmp_path / "document"))
    [block] = word.parse(path, LIMITS).blocks
    [shown] = embedded.pictures(path, block.boxes, LIMITS)
    assert shown is not None
    assert shown.size == (300, 100)


def test_a_malformed_picture_does_not_cost_the_slides(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Hall 3"
    empty, lost, _ = (slide.shapes.add_picture(picture(n), 0, 0) for n in (10, 20, 30))
    empty._element.remove(empty._element.find(pptx_qn("p:blipFill")))
    lost._element.blipFill.blip.set(pptx_qn("r:embed"), "rId99")
    deck.save(path := tmp_path / "deck.pptx")
    assert shades(path, presentation.parse(path, LIMITS).blocks) == ["Hall 3", 30]


def test_pictures_on_slides_belong_to_their_slide(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    for number, title in enumerate(("First", "第二"), start=1):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = title
        slide.shapes.add_picture(picture(10 * number), Inches(1), Inches(3)).crop_left = 0.5
        slide.shapes.add_picture(picture(5), Inches(-9), Inches(3), Inches(2), Inches(1))
        hidden = slide.shapes.add_picture(picture(7), Inches(1), Inches(4))
        hidden._pic.nvPicPr.cNvPr.set("hidden", "1")
    deck.save(str(path := tmp_path / "document"))
    blocks = presentation.parse(path, LIMITS).blocks
    assert shades(path, blocks) == ["First", 10, "第二", 20]
    assert [block.page for block in blocks] == [1, 1, 2, 2]
    assert [block.boxes[0].left for block in blocks if block.boxes] == [0.5, 0.5]


@pytest.mark.parametrize("place", ["<text:p>{}</text:p>", "<table:table>{}</table:table>"])
def test_pictures_of_open_documents(place: str, tmp_path: Path) -> None:
    names = {
        name: f"urn:oasis:names:tc:opendocument:xmlns:{urn}:1.0" for name, urn in NAMES.items()
    }
    spaces = " ".join(f'xmlns:{name}="{urn}"' for name, urn in names.items())
    frame = '<draw:frame><draw:image xlink:href="Pictures/a.png"/></draw:frame>'
    body = f"<office:body><office:text>{place.format(frame)}</office:text></office:body>"
    xlink = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    with zipfile.ZipFile(path := tmp_path / "document", "w") as parts:
        parts.writestr("META-INF/manifest.xml", "<manifest/>")
        parts.writestr("content.xml", f"<office:document {spaces} {xlink}>{body}</office:document>")
        parts.writestr("Pictures/a.png", picture(40).getvalue())
    assert shades(path, odf.parse(path, LIMITS).blocks) == [40]


NAMES = {"office": "office", "text": "text", "draw": "drawing", "table": "table"}


def test_a_crop_that_leaves_nothing_is_none() -> None:
    assert embedded.draft("a", (0.5, 0, 0.4, 1)).boxes == (Box(1, 0, 0, 1, 1),)
    assert embedded.draft("/a", (-1, 0, 2, 0.5)) == Block(
        "picture", "a", boxes=(Box(1, 0, 0, 1, 0.5),)
    )
