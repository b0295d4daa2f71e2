"""Mail with files in it, through the real parser processes."""

import io
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from pypdf import PdfWriter
from reportlab.pdfgen.canvas import Canvas

from ingest import detect
from ingest.errors import NoText
from ingest.omissions import Omission
from ingest.sandbox import ParserSandbox
from ingest.settings import ParseLimits


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    with ParserSandbox() as running:
        yield running


def mail(subject: str, text: str, *files: tuple[str, bytes]) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@x.org", "b@x.org", subject
    message.set_content(text)
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="x", filename=name)
    return message


def texts(sandbox: ParserSandbox, message: EmailMessage, **limits: int) -> list[tuple[str, int]]:
    document = sandbox.parse(message.as_bytes(), detect.EML, ParseLimits(**limits))
    assert document.attachments == ()
    return [(block.text, block.level) for block in document.blocks[2:]]


def test_attachments_stand_under_their_names(sandbox: ParserSandbox) -> None:
    page = b"<html><h1>Offer</h1><p>Ten crates.</p></html>"
    message = mail("Hello", "See below.", ("报价.html", page), ("tool.exe", b"MZ\0\1" * 9))
    assert texts(sandbox, message) == [
        ("See below.", 0),
        ("报价.html", 2),
        ("Offer", 3),
        ("Ten crates.", 0),
        ("tool.exe", 2),
    ]


def test_messages_in_messages_are_read_some_levels_down(sandbox: ParserSandbox) -> None:
    message = mail("level 3", "words 3")
    for level in (2, 1, 0):
        outer = mail(f"level {level}", f"words {level}")
        outer.add_attachment(message)
        message = outer
    found = [text for text, _ in texts(sandbox, message, attachment_depth_max=2)]
    assert "words 2" in found
    assert "words 3" not in found


def test_attachments_that_cannot_be_read_are_counted_by_the_reason(sandbox: ParserSandbox) -> None:
    damaged, other = ("offer.pdf", b"%PDF-1.7 and no more"), ("tool.exe", b"MZ\0\1" * 9)
    inner = mail("inner", "words", ("deep.pdf", damaged[1])).as_bytes()
    message = mail("Hello", "See below.", damaged, other, ("fine.txt", b"Words."), ("x.eml", inner))
    document = sandbox.parse(message.as_bytes(), detect.EML)
    assert document.omissions == (Omission("attachments", "document_damaged", 2),)


def test_a_picture_that_belongs_to_the_body_is_no_attachment(sandbox: ParserSandbox) -> None:
    message = mail("Hello", "plain")
    message.add_alternative("<p>rich <img src='cid:logo'></p>", subtype="html")
    [_, rich] = message.iter_parts()
    rich.add_related(b"\x89PNG not real", "image", "png", cid="<logo>")  # type: ignore[attr-defined]
    assert texts(sandbox, message) == [("rich", 0)]


def pdf(text: str, *files: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(400, 200))
    canvas.drawString(40, 150, text)
    canvas.save()
    writer = PdfWriter(buffer)
    for name, content in files:
        writer.add_attachment(name, content)
    writer.write(buffer := io.BytesIO())
    return buffer.getvalue()


def test_files_attached_to_a_pdf_are_read_like_those_of_a_message(sandbox: ParserSandbox) -> None:
    inner = pdf("The inner page.", ("deep.txt", b"The deepest words."))
    outer = pdf("See the files.", ("inner.pdf", inner), ("tool.exe", b"MZ\0\1" * 9))
    document = sandbox.parse(outer, detect.PDF)
    assert document.attachments == ()
    assert [(block.text, block.page, bool(block.boxes)) for block in document.blocks] == [
        ("See the files.", 1, True),
        ("inner.pdf", None, False),
        ("The inner page.", None, False),
        ("deep.txt", None, False),
        ("The deepest words.", None, False),
        ("tool.exe", None, False),
    ]


def test_a_pdf_of_nothing_but_unreadable_files_has_no_text(sandbox: ParserSandbox) -> None:
    with pytest.raises(NoText):
        sandbox.parse(pdf(" ", ("tool.exe", b"MZ\0\1" * 9)), detect.PDF)


def test_nothing_anywhere_is_no_text(sandbox: ParserSandbox) -> None:
    with pytest.raises(NoText):
        sandbox.parse(b"X-Empty: 1\r\n\r\n", detect.EML)
