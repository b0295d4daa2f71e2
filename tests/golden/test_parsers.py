"""Each parser's whole output for a small document, against a file that a person has read."""

import importlib.util
import io
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from ingest import detect
from ingest.blocks import ParsedDocument
from ingest.parsers import parse, scans
from ingest.settings import ParseLimits

HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location("golden_fixtures", HERE / "fixtures.py")
assert _spec is not None
assert _spec.loader is not None
fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fixtures)
DOCUMENTS: dict[str, tuple[str, bytes]] = fixtures.DOCUMENTS

BOXES_VARY = {"chinese.pdf", "english.png", "chinese.png"}


def as_json(document: ParsedDocument, *, with_boxes: bool) -> dict[str, Any]:
    """Boxes to a hundredth of the page; only their number where they depend on a
    system font or on the processor's arithmetic."""
    data = asdict(document)
    for apart in ("unread_pages", "attachments", "origin", "omissions", "recogniser"):
        del data[apart]
    for block in data["blocks"]:
        if not block["beside"]:
            del block["beside"]
        boxes = [
            [box["page"], *(round(box[edge], 2) for edge in ("left", "top", "right", "bottom"))]
            for box in block["boxes"]
        ]
        block["boxes"] = boxes if with_boxes else len(boxes)
    return data


@pytest.mark.parametrize("name", DOCUMENTS)
def test_parser_output(name: str, tmp_path: Path, regenerate: bool) -> None:
    media_type, content = DOCUMENTS[name]
    assert detect.detect(io.BytesIO(content), name) == media_type
    path = tmp_path / "document"
    path.write_bytes(content)

    document = parse(path, media_type)
    if document.unread_pages:
        read = scans.read(path, media_type, document.unread_pages, ParseLimits())
        document = replace(read, page_count=document.page_count)
    found = as_json(document, with_boxes=name not in BOXES_VARY)

    golden = HERE / "expected" / f"{name}.json"
    text = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    if regenerate:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
