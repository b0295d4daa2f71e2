"""Scanned pages, read by OCR in the real parser process."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from ingest import detect
from ingest.blocks import ParsedDocument
from ingest.omissions import Omission
from ingest.sandbox import ParserSandbox
from ingest.sandbox.jobs import Job
from ingest.sandbox.scans import read_scans
from ingest.settings import ParseLimits

SCAN = Path(__file__).resolve().parents[2] / "golden" / "scans" / "english.png"
UNREAD = ParsedDocument(None, (), 3, None, unread_pages=(1, 2, 3))
NATIVE = "This page has its own text and needs no recognition."


def ignored(_done: int, _total: int) -> None:
    pass


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    with ParserSandbox() as running:
        yield running


@pytest.fixture(scope="module")
def mixed() -> bytes:
    """A page with text, a scanned one, an empty one, and another scanned one."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(500, 350))
    canvas.drawString(50, 300, NATIVE)
    canvas.showPage()
    for number in (2, 3, 4):
        if number != 3:
            canvas.drawImage(ImageReader(str(SCAN)), 0, 0, 500, 350)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def test_scanned_pages_are_read_among_the_others(sandbox: ParserSandbox, mixed: bytes) -> None:
    progress: list[tuple[int, int]] = []
    limits = ParseLimits(ocr_pages_per_process=1)

    document = sandbox.parse(
        mixed, detect.PDF, limits, on_page=lambda *counts: progress.append(counts)
    )

    assert progress == [(1, 2), (2, 2)]
    assert (document.page_count, document.unread_pages) == (4, ())
    pages = {number: [b for b in document.blocks if b.page == number] for number in (1, 2, 3, 4)}
    assert [block.text for block in pages[1]] == [NATIVE]
    assert not pages[3]
    for number in (2, 4):
        [accident] = [block for block in pages[number] if "accident" in block.text]
        assert accident.text.endswith("Report every accident to the shift leader at once.")
        assert all(0.05 < box.left < 0.1 and 0.4 < box.top < 0.5 for box in accident.boxes)


def test_what_progress_raises_ends_the_work(sandbox: ParserSandbox, mixed: bytes) -> None:
    class Stopped(Exception):
        pass

    def stop(_done: int, _total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        sandbox.parse(mixed, detect.PDF, on_page=stop)
    assert sandbox.parse(b"still there", detect.TEXT).text == "still there"


def test_scanned_pages_that_are_too_many_are_named(sandbox: ParserSandbox, mixed: bytes) -> None:
    document = sandbox.parse(mixed, detect.PDF, ParseLimits(ocr_pages_max=1))
    assert {block.page for block in document.blocks} == {1, 2}
    assert document.omissions == (Omission("pages", "document_too_large", 1, ((4, 4),)),)


def test_scanned_pages_are_named_where_nothing_reads_them(
    sandbox: ParserSandbox, mixed: bytes
) -> None:
    document = sandbox.parse(mixed, detect.PDF, ParseLimits(ocr_pages_max=0))
    assert document.text == NATIVE
    assert document.omissions == (Omission("pages", "ocr_unavailable", 2, ((2, 2), (4, 4))),)


def test_pages_before_and_after_one_that_cannot_be_read_are_kept(sandbox: ParserSandbox) -> None:
    """The second page has more pixels than are unpacked, which shows only when it is reached."""
    with Image.open(SCAN) as scan:
        scan.convert("L").save(
            buffer := io.BytesIO(),
            "TIFF",
            save_all=True,
            append_images=[Image.new("L", (scan.width * 4, scan.height * 4), 255), scan.copy()],
        )
        enough = ParseLimits(picture_pixels_max=scan.width * scan.height)
    with os.fdopen(os.memfd_create("scan"), "w+b") as file:
        file.write(buffer.getvalue())
        file.flush()
        found = read_scans(UNREAD, Job(file.fileno(), detect.TIFF, enough), sandbox.read, ignored)
    assert {block.page for block in found.blocks} == {1, 3}
    assert found.omissions == (Omission("pages", "picture_too_large", 1, ((2, 2),)),)


def test_a_page_on_its_side_is_read_upright_and_marked_where_it_lies(
    sandbox: ParserSandbox,
) -> None:
    with Image.open(SCAN) as scan:
        scan.convert("L").rotate(90, expand=True).save(buffer := io.BytesIO(), "PNG")
    document = sandbox.parse(buffer.getvalue(), detect.PNG)
    assert document.title == "Warehouse safety rules"
    [title, *_] = document.blocks
    [box] = title.boxes
    assert box.left < box.right < 0.2  # the page's top is at the left
    assert box.bottom - box.top > 0.2
