"""Formulas of Office documents are read as text."""

from pathlib import Path
from typing import Any

import docx
import pptx
import pytest
from docx.oxml import parse_xml
from lxml import etree
from pptx.util import Inches

from ingest.parsers import docx as word
from ingest.parsers import office_math
from ingest.parsers import pptx as presentation
from ingest.settings import ParseLimits

MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
MAIN = "http://schemas.openxmlformats.org/drawingml/2006/main"
COMPATIBLE = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def r(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def formula(content: str) -> str:
    return f'<m:oMath xmlns:m="{MATH}">{content}</m:oMath>'


POWER = f"<m:sSup><m:e>{r('x')}</m:e><m:sup>{r('10')}</m:sup></m:sSup>"
NESTED = f"<m:d><m:e>{r('a+b')}</m:e></m:d>"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (r("E=m") + POWER, "E=mx^10"),
        (f"<m:f><m:num>{r('a+b')}</m:num><m:den>{r('2')}</m:den></m:f>", "(a+b)/2"),
        (f"<m:f><m:num>{NESTED}</m:num><m:den>{POWER}</m:den></m:f>", "(a+b)/(x^10)"),
        (
            f"<m:f><m:fPr><m:type m:val='noBar'/></m:fPr><m:num>{r('n')}</m:num>"
            f"<m:den>{r('k')}</m:den></m:f>",
            "n¦k",
        ),
        (f"<m:rad><m:deg/><m:e>{r('2')}</m:e></m:rad>", "√(2)"),
        (f"<m:rad><m:deg>{r('3')}</m:deg><m:e>{r('2')}</m:e></m:rad>", "√(3&2)"),
        (
            f"<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{r('i=1')}</m:sub>"
            f"<m:sup>{r('n')}</m:sup><m:e>{r('i')}</m:e></m:nary>",
            "∑_(i=1)^n i",
        ),
        (
            f"<m:d><m:dPr><m:begChr m:val='['/><m:endChr m:val=']'/></m:dPr>"
            f"<m:e>{r('0')}</m:e><m:e>{r('1')}</m:e></m:d>",
            "[0|1]",
        ),
        (
            "<m:m>"
            + "".join(f"<m:mr><m:e>{r(a)}</m:e><m:e>{r(b)}</m:e></m:mr>" for a, b in ("12", "34"))
            + "</m:m>",
            "1 & 2; 3 & 4",
        ),
        (
            f"<m:func><m:fName><m:limLow><m:e>{r('max')}</m:e><m:lim>{r('n')}</m:lim></m:limLow>"
            f"</m:fName><m:e>{r('f')}</m:e></m:func>",
            "(max)_n f",
        ),
        ("<m:unknown>" + r("y") + "</m:unknown>", "y"),
        ("", ""),
    ],
)
def test_the_linear_form(content: str, text: str) -> None:
    assert office_math.linear(etree.fromstring(formula(content))) == text


def test_formulas_stand_in_the_sentences_of_a_word_file(tmp_path: Path) -> None:
    document = docx.Document()
    within: Any = document.add_paragraph("The area is ")
    within._p.append(parse_xml(formula(r("A=πr"))))
    within.add_run(", as known.")
    alone: Any = document.add_paragraph()
    lines = f'<m:oMathPara xmlns:m="{MATH}">{formula(r("a=b"))}{formula(r("c=d"))}</m:oMathPara>'
    alone._p.append(parse_xml(lines))
    document.save(str(path := tmp_path / "document"))
    blocks = word.parse(path, ParseLimits()).blocks
    assert [block.text for block in blocks] == ["The area is A=πr, as known.", "a=b c=d"]


def test_a_shape_with_a_formula_is_read_on_its_slide(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    for words in ("First.", "Then "):
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        box = slide.shapes.add_textbox(Inches(1), Inches(1), Inches(5), Inches(1))
        box.text_frame.text = words
    shape = box._element
    held = f'<m xmlns="http://schemas.microsoft.com/office/drawing/2010/main">{formula(POWER)}</m>'
    paragraph = shape.find(f".//{{{MAIN}}}p")
    paragraph.append(etree.fromstring(held))
    wrapped = etree.Element(f"{{{COMPATIBLE}}}AlternateContent")
    shape.addprevious(wrapped)
    etree.SubElement(wrapped, f"{{{COMPATIBLE}}}Choice", Requires="a14").append(shape)
    deck.save(str(path := tmp_path / "deck"))
    blocks = presentation.parse(path, ParseLimits()).blocks
    assert [(block.text, block.page) for block in blocks] == [("First.", 1), ("Then x^10", 2)]
