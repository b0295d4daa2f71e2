"""What people wrote beside a document is read with their names and the place."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

import docx
import pptx
import xlsxwriter

from ingest import detect
from ingest.parsers import parse

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MICROSOFT = "http://schemas.microsoft.com/office/2018/10/relationships"
THREADS = "http://schemas.microsoft.com/office/2017/10/relationships/threadedComment"
SHEET, SLIDE = "xl/worksheets/_rels/sheet1.xml.rels", "ppt/slides/_rels/slide1.xml.rels"
P188 = 'xmlns="http://schemas.microsoft.com/office/powerpoint/2018/8/main"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'


def texts(path: Path, media_type: str) -> list[str]:
    return [block.text for block in parse(path, media_type).blocks]


def changed(path: Path, parts: Mapping[str, str], related: Mapping[str, tuple[str, str]]) -> Path:
    """Add parts to a package, and relationships (type, target) to a part's list of them."""
    made = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name in related:
                kind, target = related[name]
                more = f'<Relationship Id="rIdX" Type="{kind}" Target="{escape(target)}"/>'
                content = content.replace(b"</Relationships>", more.encode() + b"</Relationships>")
            new.writestr(name, content)
        for name, text in parts.items():
            new.writestr(name, text)
    path.write_bytes(made.getvalue())
    return path


def test_comments_of_a_word_document_follow_their_paragraph(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Payment is due ")
    within = paragraph.add_run("in 30 days")
    paragraph.add_run(".")
    document.add_paragraph("Delivery is free.")
    document.add_comment(within, text="甲方要求60天", author="王喆", initials="W")
    document.save(tmp_path / "a.docx")
    assert texts(tmp_path / "a.docx", detect.DOCX) == [
        "Payment is due in 30 days.",
        "Comment by 王喆 on “in 30 days”: 甲方要求60天",
        "Delivery is free.",
    ]


def test_notes_on_cells_follow_the_rows(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("Data")
        sheet.write_row("B2", ["item", "margin"])
        sheet.write("B3", "Widget")
        sheet.write("C3", 0.125, book.add_format({"num_format": "0.0%"}))
        sheet.write_comment("C3", "Anna:\nagreed with finance", {"author": "Anna"})
        sheet.write_comment("F9", "no value here", {"author": "Bo"})
    assert texts(tmp_path / "a.xlsx", detect.XLSX)[2:] == [
        "Comment by Anna on C3 “12.5%”: agreed with finance",
        "Comment by Bo on F9: no value here",
    ]


def test_threads_on_cells_are_read_once(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("Data")
        sheet.write("A1", "total")
        sheet.write_comment("A1", "[Threaded comment] Is this net?", {"author": "tc={1}"})
    thread = (
        '<ThreadedComments><threadedComment ref="A1" personId="{P}"><text>Is this net?</text>'
        '</threadedComment><threadedComment ref="A1" personId="?"><text>Yes</text>'
        "</threadedComment></ThreadedComments>"
    )
    people = '<personList><person displayName="Anna" id="{P}"/></personList>'
    path = changed(
        tmp_path / "a.xlsx",
        {"xl/threadedComments/threadedComment1.xml": thread, "xl/persons/person.xml": people},
        {SHEET: (THREADS, "../threadedComments/threadedComment1.xml")},
    )
    assert texts(path, detect.XLSX)[2:] == [
        "Comment by Anna on A1 “total”: Is this net?",
        "Comment on A1 “total”: Yes",
    ]


def test_names_that_are_damaged_leave_the_cells(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        book.add_worksheet("Data").write("A1", "total")
        book.worksheets()[0].write_comment("A1", "x", {"author": "Bo"})
    thread = '<ThreadedComments><threadedComment ref="A1" personId="P"/></ThreadedComments>'
    path = changed(
        tmp_path / "a.xlsx",
        {"xl/threadedComments/threadedComment1.xml": thread, "xl/persons/person.xml": "<cut"},
        {SHEET: (THREADS, "../threadedComments/threadedComment1.xml")},
    )
    assert "total" in texts(path, detect.XLSX)[1]


def presentation(path: Path, comments: str, authors: str, kinds: tuple[str, str]) -> Path:
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = "Plan"
    deck.save(path)
    return changed(
        path,
        {"ppt/comments/c.xml": comments, "ppt/who.xml": authors},
        {
            SLIDE: (f"{kinds[0]}", "../comments/c.xml"),
            "ppt/_rels/presentation.xml.rels": (kinds[1], "who.xml"),
        },
    )


def test_comments_on_slides_are_read(tmp_path: Path) -> None:
    comments = '<cmLst><cm authorId="0"><text>Too early</text></cm></cmLst>'
    authors = '<cmAuthorLst><cmAuthor id="0" name="Anna"/></cmAuthorLst>'
    path = presentation(
        tmp_path / "a.pptx", comments, authors, (f"{OFFICE}/comments", f"{OFFICE}/commentAuthors")
    )
    assert texts(path, detect.PPTX) == ["Plan", "Comment by Anna: Too early"]


def test_threads_on_slides_are_read(tmp_path: Path) -> None:
    body = "<txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></txBody>"
    comments = (
        f'<cmLst {P188} {A}><cm authorId="{{1}}"><replyLst><reply authorId="{{2}}">'
        f"{body.format('No')}</reply></replyLst>{body.format('Too early?')}</cm></cmLst>"
    )
    authors = '<authorLst><author id="{1}" name="Anna"/><author id="{2}" name="Bo"/></authorLst>'
    path = presentation(
        tmp_path / "a.pptx", comments, authors, (f"{MICROSOFT}/comments", f"{MICROSOFT}/authors")
    )
    assert texts(path, detect.PPTX) == [
        "Plan",
        "Comment by Anna: Too early?",
        "Comment by Bo: No",
    ]


def test_a_part_that_is_damaged_leaves_the_rest(tmp_path: Path) -> None:
    path = presentation(
        tmp_path / "a.pptx", "<cmLst", "<x/>", (f"{OFFICE}/comments", f"{OFFICE}/commentAuthors")
    )
    assert texts(path, detect.PPTX) == ["Plan"]
