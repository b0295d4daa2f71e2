"""Office documents in the strict form of their standard say the same as in the usual one."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pptx
import pytest

from ingest.blocks import ParsedDocument
from ingest.parsers import docx as word
from ingest.parsers import pptx as presentation
from ingest.settings import ParseLimits
from tests.unit.ingest.test_embedded import picture

LIMITS = ParseLimits()


def strict(path: Path) -> None:
    """Give a document the namespaces of the strict form."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            for family in (b"wordprocessingml", b"presentationml", b"drawingml", b"officeDocument"):
                usual = b"http://schemas.openxmlformats.org/" + family + b"/2006"
                content = content.replace(usual, b"http://purl.oclc.org/ooxml/" + family)  # noqa: PLW2901 - one after the other
            package.writestr(name, content)


def report(path: Path) -> None:
    document = docx.Document()
    document.add_heading("Hall 3", 1)
    document.add_picture(picture(10))
    document.add_paragraph("大厅的门。")
    document.save(str(path))


def deck(path: Path) -> None:
    slides = pptx.Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[5])
    slide.shapes.title.text = "Hall 3"
    slide.shapes.add_picture(picture(10), 0, 0)
    slides.save(str(path))


@pytest.mark.parametrize(("write", "parse"), [(report, word.parse), (deck, presentation.parse)])
def test_the_strict_form_says_the_same(
    write: Callable[[Path], None],
    parse: Callable[[Path, ParseLimits], ParsedDocument],
    tmp_path: Path,
) -> None:
    write(path := tmp_path / "document")
    usual = parse(path, LIMITS)
    strict(path)
    assert parse(path, LIMITS) == usual
    assert [block.kind for block in usual.blocks][:2] == ["heading", "picture"]
