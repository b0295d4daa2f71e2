"""Forms that were filled in, and what was typed onto a page, are read."""

from collections.abc import Callable
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from ingest.blocks import ParsedDocument
from ingest.parsers.pdf import parse
from ingest.settings import ParseLimits

Fill = Callable[[Canvas], None]


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Fill], ParsedDocument]:
    def build(fill: Fill) -> ParsedDocument:
        canvas = Canvas(str(path := tmp_path / "form.pdf"), pagesize=(600, 800), invariant=True)
        canvas.drawString(60, 700, "Name of the applicant:")
        fill(canvas)
        canvas.drawString(60, 600, "To be signed by the head of the department.")
        canvas.showPage()
        canvas.drawString(60, 700, "The second page has no fields.")
        canvas.save()
        return parse(path, ParseLimits())

    return build


def test_a_filled_field_stands_beside_its_name(read: Callable[[Fill], ParsedDocument]) -> None:
    found = read(
        lambda canvas: canvas.acroForm.textfield(value="Ada Lovelace", x=200, y=690, height=20)
    )
    texts = [" ".join(block.text.split()) for block in found.blocks]
    assert texts[:2] == [
        "Name of the applicant: Ada Lovelace",
        "To be signed by the head of the department.",
    ]
    assert all(0 <= box.left < box.right <= 1 for box in found.blocks[0].boxes)


def test_a_hidden_field_is_not_read(read: Callable[[Fill], ParsedDocument]) -> None:
    found = read(
        lambda canvas: canvas.acroForm.textfield(
            value="secret", x=200, y=690, height=20, annotationFlags="hidden"
        )
    )
    assert "secret" not in found.text
    assert "second page" in found.text
