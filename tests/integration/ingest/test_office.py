"""Office documents shown as PDF by the real LibreOffice, where it is installed."""

import io
from collections.abc import Iterator
from pathlib import Path

import docx
import pytest

from ingest import detect
from ingest.office import OfficeViews
from ingest.parsers import parse
from ingest.placing import placed
from ingest.sandbox import ParserSandbox
from ingest.sandbox.conversion import converted, converter
from ingest.settings import ParseLimits

pytestmark = pytest.mark.skipif(
    converter() is None,
    reason="needs LibreOffice: apt-get install libreoffice-writer-nogui",
)
SENTENCE = "Staff book trains before planes. 员工应优先乘坐火车。"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    with ParserSandbox() as running:
        yield running


def word() -> bytes:
    document = docx.Document()
    document.add_heading("Travel policy", 1)
    document.add_paragraph(SENTENCE)
    document.add_page_break()
    document.add_paragraph("The second page ends it.")
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def test_passages_get_their_place_on_the_pages(sandbox: ParserSandbox, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(word())
    view = OfficeViews(sandbox.parse, ParseLimits())(io.BytesIO(word()), detect.DOCX)
    assert view is not None
    assert view.pdf.startswith(b"%PDF-")
    found = placed(parse(tmp_path / "a", detect.DOCX), view.document)
    assert found.page_count == 2
    pages = {block.text: block.page for block in found.blocks}
    assert pages == {"Travel policy": 1, SENTENCE: 1, "The second page ends it.": 2}
    assert all(0 < box.left < box.right < 1 for block in found.blocks for box in block.boxes)


def test_it_ends_in_time_and_leaves_nothing_behind() -> None:
    before = set(Path("/dev/shm").iterdir()) | set(Path("/tmp").glob("OSL_PIPE_*"))
    limits = ParseLimits(office_memory_bytes_max=64 * 1024 * 1024)
    assert converted(io.BytesIO(word()), "pdf", limits) is None
    hurried = ParseLimits(office_seconds_max=1)
    assert converted(io.BytesIO(b"PK no document"), "pdf", hurried) is None
    after = set(Path("/dev/shm").glob("sourcebook-*")) | set(Path("/tmp").glob("OSL_PIPE_*"))
    assert after <= before
