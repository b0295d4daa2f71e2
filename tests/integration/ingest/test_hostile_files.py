"""Real malformed, encrypted and odd files, where the folder of evaluation data is present."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest import detect
from ingest.errors import IngestError, ParserCrashed, ParserTimedOut, SandboxUnavailable
from ingest.sandbox import ParserSandbox
from ingest.settings import ParseLimits

FOLDER = Path(os.environ.get("SOURCEBOOK_EVAL_DATA", "/nonexistent")) / "hostile"
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file())
OUR_FAULT = (ParserCrashed, ParserTimedOut, SandboxUnavailable)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    with ParserSandbox() as running:
        yield running


@pytest.mark.skipif(not FILES, reason="set SOURCEBOOK_EVAL_DATA to a folder that holds hostile/")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_gives_a_document_or_a_typed_error(path: Path, sandbox: ParserSandbox) -> None:
    try:
        with path.open("rb") as content:
            media_type = detect.detect(content, path.name)
            document = sandbox.parse(content, media_type, ParseLimits(parse_seconds_max=60))
        assert document.text.strip()
    except OUR_FAULT:
        raise
    except IngestError:
        pass  # a reason that the person is told
