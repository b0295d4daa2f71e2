"""Files inside Office documents are read as attachments, but not the data of charts."""

import io
import struct
from pathlib import Path

import docx
import pptx
import pytest
import xlsxwriter
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.enum.shapes import PROG_ID
from pptx.util import Inches

from ingest import detect
from ingest.blocks import ParsedDocument
from ingest.parsers import parse
from ingest.settings import ParseLimits

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NONE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def workbook(text: str = "spare parts") -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        book.add_worksheet("Parts").write("A1", text)
    return made.getvalue()


def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    written = (name + "\0").encode("utf-16-le")
    head = written.ljust(64, b"\0") + struct.pack(
        "<HBBIII", len(written), kind, 1, NONE, NONE, child
    )
    return head + bytes(36) + struct.pack("<IQ", start, size)


def compound(stream: str, content: bytes) -> bytes:
    """Make an OLE file of one stream ([MS-CFB]); it is padded so that it needs no small sectors."""
    content = content.ljust(max(4096, -(-len(content) // 512) * 512), b"\0")
    count = len(content) // 512
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH6xIIIIIIIII", 62, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, END, 0, END, 0)
    head += struct.pack("<I", 0) + b"\xff" * 432
    chain = [FAT, END, *range(3, 2 + count), END]
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")
    entries = entry("Root Entry", 5, 1, END, 0) + entry(stream, 2, NONE, 2, len(content))
    return head + table + entries.ljust(512, b"\0") + content


def packaged(label: bytes, content: bytes) -> bytes:
    path = b"C:\\tmp\\x\0"
    stream = b"\x02\0" + label + b"\0" + path + bytes(2) + b"\x03\0"
    stream += struct.pack("<I", len(path)) + path + struct.pack("<I", len(content)) + content
    return compound("\x01Ole10Native", struct.pack("<I", len(stream)) + stream)


def report(folder: Path, *files: tuple[str, bytes], limits: ParseLimits | None = None):
    document = docx.Document()
    document.add_paragraph("The parts are listed in the workbook.")
    for name, content in files:
        kind = "oleObject" if name.endswith(".bin") else "package"
        part = Part(PackURI(f"/word/embeddings/{name}"), "application/x", content)
        document.part.relate_to(part, f"{RELATIONS}/{kind}")
    document.save(folder / "a.docx")
    return parse(folder / "a.docx", detect.DOCX, limits)


def names(document: ParsedDocument) -> list[str]:
    return [one.name for one in document.attachments]


@pytest.mark.parametrize(
    ("name", "made", "shown"),
    [
        ("sheet1.xlsx", workbook(), "sheet1.xlsx"),
        ("oleObject1.bin", packaged("合同.xlsx".encode("gbk"), workbook()), "合同.xlsx"),
        ("oleObject1.bin", packaged(b"C:\\files\\parts.xlsx", workbook()), "parts.xlsx"),
        ("oleObject1.bin", compound("Package", workbook()), "oleObject1.bin"),
    ],
)
def test_a_workbook_in_a_report_is_taken(
    name: str, made: bytes, shown: str, tmp_path: Path
) -> None:
    found = report(tmp_path, (name, made))
    assert names(found) == [shown]
    assert found.attachments[0].content.startswith(workbook()[:100])


def test_an_old_workbook_gets_its_ending(tmp_path: Path) -> None:
    old = compound("Workbook", b"rows")
    [found] = report(tmp_path, ("oleObject1.bin", old)).attachments
    assert (found.name, found.content) == ("oleObject1.xls", old)


def test_a_pdf_in_an_object_is_taken(tmp_path: Path) -> None:
    [found] = report(tmp_path, ("oleObject1.bin", compound("CONTENTS", b"%PDF-1.7"))).attachments
    assert (found.name, found.content[:8]) == ("oleObject1.pdf", b"%PDF-1.7")


@pytest.mark.parametrize(
    "made",
    [
        compound("Equation Native", b"x"),
        compound("CONTENTS", b"a drawing"),
        compound("\x01Ole10Native", b"\xff" * 40),
        compound("Workbook", b"")[:700],
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20),
    ],
)
def test_other_objects_are_passed_over(made: bytes, tmp_path: Path) -> None:
    assert names(report(tmp_path, ("oleObject1.bin", made))) == []


def test_files_beyond_the_limits_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    files = [(f"sheet{number}.xlsx", workbook()) for number in range(3)]
    found = report(tmp_path, *files, limits=ParseLimits(attachments_max=1))
    assert names(found) == ["sheet0.xlsx"]
    [omission] = found.omissions
    assert (omission.part, omission.reason, omission.count) == (
        "attachments",
        "document_too_large",
        2,
    )


def test_the_data_of_a_chart_is_no_file_of_a_presentation(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Plan"
    data = CategoryChartData()
    data.categories = ["north"]
    data.add_series("sales", [1])
    place = (Inches(1), Inches(2), Inches(3), Inches(2))
    slide.shapes.add_chart(XL_CHART_TYPE.PIE, *place, data)
    slide.shapes.add_ole_object(io.BytesIO(workbook()), PROG_ID.XLSX, *place)
    deck.save(tmp_path / "a.pptx")
    assert len(names(parse(tmp_path / "a.pptx", detect.PPTX))) == 1
