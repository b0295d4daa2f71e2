"""Pictures inside office documents and messages, read by OCR in the real parser process."""

import base64
import io
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import docx
import pptx
import pytest
import xlsxwriter
from PIL import Image
from pptx.util import Inches

from ingest import detect
from ingest.errors import NoText, OcrUnavailable
from ingest.sandbox import ParserSandbox
from ingest.settings import ParseLimits

SCANS = Path(__file__).resolve().parents[2] / "golden" / "scans"
ENGLISH, CHINESE = (str(SCANS / name) for name in ("english.png", "chinese.png"))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    with ParserSandbox() as running:
        yield running


def word(*pictures: str, text: str = "") -> bytes:
    document = docx.Document()
    if text:
        document.add_heading(text, 1)
    for picture in pictures:
        document.add_picture(picture)
    if text:
        document.add_paragraph("After the pictures.")
    document.save(content := io.BytesIO())
    return content.getvalue()


def test_scans_in_a_word_document_are_read_where_they_stand(sandbox: ParserSandbox) -> None:
    progress: list[tuple[int, int]] = []
    document = sandbox.parse(
        word(ENGLISH, CHINESE, ENGLISH, text="Annex"),
        detect.DOCX,
        on_page=lambda *counts: progress.append(counts),
    )
    assert progress == [(1, 2), (2, 2)]  # one stands in it twice
    assert [block.text for block in document.blocks if block.level] == ["Annex"]
    texts = [block.text for block in document.blocks]
    assert (texts[0], texts[1], texts[-1]) == (
        "Annex",
        "Warehouse safety rules",
        "After the pictures.",
    )
    [rule] = [text for text in texts if "登记" in text]
    assert rule.startswith("所有访客必须在门口登记")
    assert "Hall\tPhone\tDoors\nNorth\t555 0101\t12\nSouth\t555 0102\t8" in texts
    assert document.text.count("Report every accident to the shift leader at once.") == 1
    assert all(not block.boxes and block.page is None for block in document.blocks)


def test_a_document_of_scans_alone_has_their_headings(sandbox: ParserSandbox) -> None:
    document = sandbox.parse(word(CHINESE), detect.DOCX)
    assert (document.title, document.language) == ("仓库安全规定", "zh")


def test_a_screenshot_on_a_slide_belongs_to_the_slide(sandbox: ParserSandbox) -> None:
    deck = pptx.Presentation()
    for picture in (CHINESE, ENGLISH):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = "Hall 3"
        slide.shapes.add_picture(picture, Inches(1), Inches(2))
    deck.save(content := io.BytesIO())
    limits = ParseLimits(ocr_pictures_max=1)
    document = sandbox.parse(content.getvalue(), detect.PPTX, limits)
    assert document.page_count == 2
    assert [block.text for block in document.blocks if block.page == 2] == ["Hall 3"]
    [title, heading, *_] = [block.text for block in document.blocks if block.page == 1]
    assert (title, heading) == ("Hall 3", "仓库安全规定")


def test_pictures_of_pages_and_workbooks_are_read_where_they_stand(sandbox: ParserSandbox) -> None:
    address = base64.b64encode(Path(CHINESE).read_bytes()).decode()
    page = f"<p>Before.</p><img src='data:image/png;base64,{address}'><p>After it.</p>"
    texts = [block.text for block in sandbox.parse(page.encode(), detect.HTML).blocks]
    assert (texts[0], texts[1], texts[-1]) == ("Before.", "仓库安全规定", "After it.")
    book = xlsxwriter.Workbook(content := io.BytesIO())
    book.add_worksheet("Rules").insert_image("B2", CHINESE)
    book.close()
    texts = [block.text for block in sandbox.parse(content.getvalue(), detect.XLSX).blocks]
    assert texts[:2] == ["Rules", "仓库安全规定"]


def test_without_ocr_pictures_say_nothing(sandbox: ParserSandbox) -> None:
    off = ParseLimits(ocr_pages_max=0)
    found = sandbox.parse(word(ENGLISH, text="Annex"), detect.DOCX, off)
    assert found.text == "Annex\n\nAfter the pictures."
    with pytest.raises(OcrUnavailable):
        sandbox.parse(word(ENGLISH), detect.DOCX, off)


def test_a_picture_without_words_is_no_text(sandbox: ParserSandbox, tmp_path: Path) -> None:
    Image.new("RGB", (200, 100), "white").save(blank := tmp_path / "blank.png")
    with pytest.raises(NoText):
        sandbox.parse(word(str(blank)), detect.DOCX)


def test_a_screenshot_pasted_into_a_message_is_read_after_its_text(sandbox: ParserSandbox) -> None:
    message = EmailMessage()
    message["Subject"] = "Rules"
    message.set_content("plain")
    message.add_alternative("<p>See: <img src='cid:shot'><img src='cid:logo'></p>", subtype="html")
    [_, rich] = message.iter_parts()
    Image.new("RGB", (90, 30), "white").save(logo := io.BytesIO(), "PNG")
    for name, content in (("logo", logo.getvalue()), ("shot", Path(CHINESE).read_bytes())):
        picture: Any = {"cid": f"<{name}>", "filename": f"{name}.png", "disposition": "inline"}
        rich.add_related(content, "image", "png", **picture)
    message.add_attachment(b"Attached words.", maintype="text", subtype="plain", filename="a.txt")
    texts = [block.text for block in sandbox.parse(message.as_bytes(), detect.EML).blocks]
    assert texts[texts.index("See:") + 1] == "仓库安全规定"
    assert texts[-2:] == ["a.txt", "Attached words."]
    assert not any(text.endswith(".png") for text in texts)
