"""Comments on the pages of a PDF, and text that was typed onto them, are read where they stand."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    NullObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from ingest.blocks import ParsedDocument
from ingest.errors import NoText
from ingest.parsers.pdf import parse
from ingest.parsers.pdf_pictures import pictures
from ingest.settings import ParseLimits

Write = Callable[[PdfWriter], None]
FONT = "Helvetica"


def text_page(canvas: Canvas) -> None:
    canvas.setFont(FONT, 10)
    canvas.drawString(60, 700, "Payment is due in 30 days at 1.5% interest.")
    canvas.drawString(60, 600, "Delivery is free.")


def scan_page(canvas: Canvas) -> None:
    canvas.drawImage(ImageReader(Image.new("RGB", (60, 80), "white")), 0, 0, 600, 800)


def blank_page(_canvas: Canvas) -> None:
    pass


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., ParsedDocument]:
    def build(write: Write, *draws: Callable[[Canvas], Any], password: str = "") -> ParsedDocument:
        buffer = io.BytesIO()
        canvas = Canvas(buffer, pagesize=(600, 800), invariant=True)
        for draw in draws or (text_page,):
            draw(canvas)
            canvas.showPage()
        canvas.save()
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(buffer.getvalue())))
        write(writer)
        if password:
            writer.encrypt("", password, algorithm="AES-128")
        writer.write(tmp_path / "a.pdf")
        return parse(tmp_path / "a.pdf", ParseLimits())

    return build


def mark(
    writer: PdfWriter,
    kind: str,
    place: tuple[float, float, float, float],
    text: str | None = None,
    page: int = 0,
    **more: Any,
) -> IndirectObject:
    """Add an annotation; a mark on text covers its rectangle."""
    left, bottom, right, top = place
    entries: dict[str, Any] = {
        "Type": NameObject("/Annot"),
        "Subtype": NameObject(f"/{kind}"),
        "Rect": ArrayObject(map(FloatObject, place)),
    }
    if kind in ("Highlight", "Underline", "StrikeOut", "Squiggly"):
        corners = (left, top, right, top, left, bottom, right, bottom)
        entries["QuadPoints"] = ArrayObject(map(FloatObject, corners))
    if text is not None:
        entries["Contents"] = TextStringObject(text)
    entries |= {
        key: TextStringObject(value) if isinstance(value, str) else value
        for key, value in more.items()
    }
    made = DictionaryObject({NameObject(f"/{key}"): value for key, value in entries.items()})
    holder = writer.pages[page]
    marks = holder.setdefault(NameObject("/Annots"), ArrayObject())
    reference = writer._add_object(made)
    marks.append(reference)
    return reference


def texts(document: ParsedDocument) -> list[str]:
    return [block.text for block in document.blocks]


def on(words: str, before: str) -> tuple[float, float, float, float]:
    """Where words stand in the first line of the page."""
    left = 60 + stringWidth(before, FONT, 10)
    return left, 697, left + stringWidth(words, FONT, 10), 709


TERM = on("in 30 days", "Payment is due ")


@pytest.mark.parametrize("kind", ["Highlight", "Underline", "StrikeOut", "Squiggly"])
def test_a_comment_on_words_follows_their_paragraph(
    read: Callable[..., ParsedDocument], kind: str
) -> None:
    document = read(lambda writer: mark(writer, kind, TERM, "甲方要求60天", T="王喆"))
    assert texts(document) == [
        "Payment is due in 30 days at 1.5% interest.",
        "Comment by 王喆 on “in 30 days”: 甲方要求60天",
        "Delivery is free.",
    ]
    [box] = document.blocks[1].boxes
    assert document.blocks[1].page == box.page == 1
    assert (box.left, box.top) == (round(TERM[0] / 600, 4), round(1 - TERM[3] / 800, 4))


def test_points_belong_to_what_is_quoted(read: Callable[..., ParsedDocument]) -> None:
    place = on("1.5%", "Payment is due in 30 days at ")
    document = read(lambda writer: mark(writer, "Highlight", place, "Too high"))
    assert texts(document)[1] == "Comment on “1.5%”: Too high"


def test_a_note_stands_after_the_paragraph_at_its_height(
    read: Callable[..., ParsedDocument],
) -> None:
    document = read(
        lambda writer: mark(writer, "Text", (560, 695, 580, 715), "Check\rthis", T="Anna")
    )
    assert texts(document)[1] == "Comment by Anna: Check this"


def test_replies_stand_where_the_comment_does(read: Callable[..., ParsedDocument]) -> None:
    def write(writer: PdfWriter) -> None:
        first = mark(writer, "Highlight", TERM, "60?", T="Anna")
        second = mark(writer, "Text", (0, 0, 9, 9), "Agreed", T="Bo", IRT=first)
        mark(writer, "Text", (0, 0, 9, 9), "in 30 days", T="Anna", IRT=second)

    assert texts(read(write))[1:4] == [
        "Comment by Anna on “in 30 days”: 60?",
        "Comment by Bo on “in 30 days”: Agreed",
        "Comment by Anna on “in 30 days”: in 30 days",
    ]


def test_what_is_inserted_for_words_is_on_them(read: Callable[..., ParsedDocument]) -> None:
    def write(writer: PdfWriter) -> None:
        caret = mark(writer, "Caret", (TERM[2], 697, TERM[2] + 4, 705), "in 60 days", T="Anna")
        mark(writer, "StrikeOut", TERM, IRT=caret, RT=NameObject("/Group"))

    assert texts(read(write))[1] == "Comment by Anna on “in 30 days”: in 60 days"


def test_marks_that_nobody_sees_or_that_say_nothing_are_not_read(
    read: Callable[..., ParsedDocument],
) -> None:
    def write(writer: PdfWriter) -> None:
        mark(writer, "Text", (0, 0, 9, 9), "secret", F=NumberObject(2))
        mark(writer, "FreeText", (0, 0, 90, 9), "secret", F=NumberObject(32))
        mark(writer, "Popup", (0, 0, 9, 9), "secret")
        mark(writer, "Link", (0, 0, 9, 9), "secret")
        mark(writer, "FreeText", (700, 0, 790, 9), "secret")
        mark(writer, "Highlight", TERM)
        mark(writer, "Highlight", TERM, "in 30 days")

    assert len(read(write).blocks) == 2


def test_damaged_marks_cost_only_themselves(read: Callable[..., ParsedDocument]) -> None:
    def write(writer: PdfWriter) -> None:
        one = mark(writer, "Text", (0, 0, 9, 9), "first")
        one.get_object()[NameObject("/IRT")] = one
        mark(writer, "Highlight", (0, 0, 9, 9), "second", QuadPoints=ArrayObject([NullObject()]))
        mark(writer, "Text", (0, 0, 9, 9), "third", Rect=NullObject(), T=NumberObject(3))
        mark(writer, "Text", (0, 0, 9, 9), Contents=ArrayObject())
        writer.pages[0]["/Annots"].extend([NullObject(), NumberObject(1), ArrayObject()])
        mark(writer, "Text", (0, 0, 9, 9), "last")

    found = " ".join(texts(read(write)))
    assert all(f": {word}" in found for word in ("first", "second", "third", "last"))


def test_marks_of_a_protected_file_that_opens_without_password_are_read(
    read: Callable[..., ParsedDocument],
) -> None:
    document = read(lambda writer: mark(writer, "Text", TERM, "甲方"), password="owner")
    assert texts(document)[1] == "Comment: 甲方"


def test_text_typed_into_a_blank_stands_behind_its_label(
    read: Callable[..., ParsedDocument],
) -> None:
    def form(canvas: Canvas) -> None:
        canvas.setFont(FONT, 10)
        for row, label in enumerate(("Name:", "Days: ____________ (15 at most)", "Date:")):
            canvas.drawString(60, 700 - 14 * row, label)

    def write(writer: PdfWriter) -> None:
        mark(writer, "FreeText", (150, 697, 300, 711), "Ada Lovelace", DA="/Helv 18 Tf")
        mark(writer, "FreeText", (95, 683, 120, 697), "5")

    found = " ".join(read(write, form).text.split())
    assert found == "Name: Ada Lovelace Days: ____________ (15 at most) 5 Date:"


def test_a_typed_note_does_not_break_a_sentence(read: Callable[..., ParsedDocument]) -> None:
    def prose(canvas: Canvas) -> None:
        canvas.setFont(FONT, 10)
        for row in range(3):
            canvas.drawString(60, 700 - 12 * row, "The seller shall deliver all of the goods that")

    document = read(lambda writer: mark(writer, "FreeText", (60, 650, 400, 720), "No!"), prose)
    assert [block.text for block in document.blocks][1:] == ["No!"]


def test_typed_text_comes_once(read: Callable[..., ParsedDocument]) -> None:
    def form(canvas: Canvas) -> None:
        text_page(canvas)
        canvas.acroForm.textfield(value="Ada Lovelace", x=200, y=500, height=20)

    def write(writer: PdfWriter) -> None:
        mark(writer, "FreeText", (60, 595, 300, 612), "Delivery is free.")
        shown = names({"N": drawing(writer, b"BT /F1 10 Tf 0 0 Td (Not agreed) Tj ET")})
        mark(writer, "FreeText", (60, 550, 160, 570), "Not agreed", AP=shown)

    found = read(write, form).text
    assert [found.count(one) for one in ("is free", "Not agreed", "Lovelace")] == [1, 1, 1]


def drawing(writer: PdfWriter, content: bytes) -> IndirectObject:
    """What an annotation looks like."""
    drawn = StreamObject()
    drawn.set_data(content)
    font = {"Type": "/Font", "Subtype": "/Type1", "BaseFont": "/Helvetica"}
    fonts = names({"Font": names({"F1": names(font)})})
    box = ArrayObject(map(FloatObject, (0, 0, 100, 20)))
    kind = {"Type": "/XObject", "Subtype": "/Form"}
    drawn.update(names(kind | {"BBox": box, "Resources": fonts}))
    return writer._add_object(drawn)


def names(entries: Mapping[str, Any]) -> DictionaryObject:
    return DictionaryObject(
        {
            NameObject(f"/{key}"): NameObject(value) if isinstance(value, str) else value
            for key, value in entries.items()
        }
    )


def test_comments_leave_a_scan_to_ocr(read: Callable[..., ParsedDocument], tmp_path: Path) -> None:
    def write(writer: PdfWriter) -> None:
        mark(writer, "Text", (60, 595, 80, 612), "Is this the signed one, or a draft of it?")
        mark(writer, "FreeText", (60, 500, 300, 512), "The whole scan is of poor quality.", page=1)

    document = read(write, scan_page, scan_page)
    assert document.unread_pages == (1, 2)
    assert [(block.page, block.beside) for block in document.blocks] == [(1, True), (2, True)]
    assert [number for number, _ in pictures(tmp_path / "a.pdf", (1, 2))] == [1, 2]


def test_typed_text_is_not_in_the_picture_for_ocr(
    read: Callable[..., ParsedDocument], tmp_path: Path
) -> None:
    def write(writer: PdfWriter) -> None:
        shown = names({"N": drawing(writer, b"0 0 100 20 re f")})
        mark(writer, "FreeText", (60, 500, 160, 520), "Typed", AP=shown)

    assert read(write, scan_page).text == "Typed"
    [(_, picture)] = pictures(tmp_path / "a.pdf", (1,))
    assert picture.convert("L").getextrema() == (255, 255)


def test_comments_on_blank_pages_are_text(read: Callable[..., ParsedDocument]) -> None:
    document = read(
        lambda writer: mark(writer, "Text", (1, 1, 9, 9), "Nothing?", page=1),
        blank_page,
        blank_page,
    )
    assert document.blocks[0].page == 2
    assert texts(document) == ["Comment: Nothing?"]
    with pytest.raises(NoText):
        read(lambda writer: mark(writer, "Text", (1, 1, 9, 9), ""), blank_page)
