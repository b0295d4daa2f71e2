"""What Word wraps is read as it is shown: controls, changes, text boxes, notes."""

from pathlib import Path
from typing import Any

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

from ingest.parsers import docx as word
from ingest.settings import ParseLimits

CLOSED = "<w:sdtPr>{}</w:sdtPr><w:sdtContent>{}</w:sdtContent>"
BOX = "<w:txbxContent><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:txbxContent>"
COMPATIBLE = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'


def element(tag: str, content: str = "", attributes: str = "") -> Any:
    return parse_xml(f"<w:{tag} {nsdecls('w')} {attributes}>{content}</w:{tag}>")


def run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


def texts(document: Any, folder: Path) -> list[str]:
    document.save(folder / "document")
    return [block.text for block in word.parse(folder / "document", ParseLimits()).blocks]


@pytest.mark.parametrize(
    ("tag", "content"),
    [
        ("sdt", CLOSED.format("", run("甲方 pays"))),
        ("ins", run("甲方 pays")),
        ("moveTo", run("甲方 pays")),
        ("smartTag", run("甲方 pays")),
        ("fldSimple", run("甲方 pays")),
        ("ins", f"<w:sdt>{CLOSED.format('', run('甲方 pays'))}</w:sdt>"),
        ("r", f"<w:ruby><w:rubyBase>{run('甲方 pays')}</w:rubyBase></w:ruby>"),
    ],
)
def test_wrapped_runs_are_read(tag: str, content: str, tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("The buyer ")
    paragraph._p.append(element(tag, content))
    paragraph.add_run(" within thirty days.")
    assert texts(document, tmp_path) == ["The buyer 甲方 pays within thirty days."]


def test_deleted_text_and_prompts_are_not_read(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("The price is ")
    paragraph._p.append(element("del", "<w:r><w:delText>900</w:delText></w:r>"))
    paragraph._p.append(element("moveFrom", run("moved")))
    paragraph._p.append(element("sdt", CLOSED.format("<w:showingPlcHdr/>", run("Click here"))))
    paragraph.add_run("800.")
    assert texts(document, tmp_path) == ["The price is 800."]


def test_a_row_marked_as_deleted_is_not_read(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(2, 1)
    table.cell(0, 0).text, table.cell(1, 0).text = "stays", "goes"
    properties = table.rows[1]._tr.get_or_add_trPr()
    properties.append(element("del"))
    assert texts(document, tmp_path) == ["stays"]


def test_controls_around_paragraphs_are_read_but_for_the_contents(tmp_path: Path) -> None:
    document = docx.Document()
    for text, gallery in (
        ("Contents ... 3", "Table of Contents"),
        ("甲方：海风贸易", "Cover Pages"),
    ):
        paragraph = document.add_paragraph(text)
        part = f'<w:docPartObj><w:docPartGallery w:val="{gallery}"/></w:docPartObj>'
        control = element("sdt", CLOSED.format(part, ""))
        paragraph._p.addprevious(control)
        control.find(qn("w:sdtContent")).append(paragraph._p)
    assert texts(document, tmp_path) == ["甲方：海风贸易"]


def test_a_sentence_over_two_pages_is_one(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("The sentence goes ")
    paragraph.add_run("on.")._r.insert(0, element("lastRenderedPageBreak"))
    assert texts(document, tmp_path) == ["The sentence goes on."]


def test_text_boxes_are_read_once_after_their_paragraph(tmp_path: Path) -> None:
    document = docx.Document()
    anchored = document.add_paragraph("Beside the box.")
    document.add_paragraph("After it.")
    shape = "<mc:{0}><w:pict>{1}</w:pict></mc:{0}>"
    inner = BOX.format("inner</w:t></w:r><w:r><w:t> box")
    both = shape.format("Choice", inner) + shape.format("Fallback", inner)
    other = f"<w:pict>{BOX.format('second box')}</w:pict>"
    content = f"<mc:AlternateContent {COMPATIBLE}>{both}</mc:AlternateContent>{other}"
    anchored._p.append(element("r", content))
    assert texts(document, tmp_path) == [
        "Beside the box.",
        "inner box",
        "second box",
        "After it.",
    ]


def test_notes_are_read_after_the_paragraph_that_refers_to_them_first(tmp_path: Path) -> None:
    document = docx.Document()
    for text in ("Interest is due.", "It is paid in May."):
        mark = element("footnoteReference", attributes='w:id="7"')
        document.add_paragraph(text).add_run()._r.append(mark)
    note = f'<w:footnote w:id="7"><w:p>{run("利率为百分之五。")}</w:p></w:footnote>'
    blob = f"<w:footnotes {nsdecls('w')}>{note}</w:footnotes>".encode()
    part = Part(PackURI("/word/footnotes.xml"), "application/xml", blob, document.part.package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    assert texts(document, tmp_path) == [
        "Interest is due.",
        "利率为百分之五。",
        "It is paid in May.",
    ]
