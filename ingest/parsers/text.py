"""Plain text: paragraphs end at blank lines."""

import re
from pathlib import Path

from ingest.blocks import Block, ParsedDocument
from ingest.parsers import building
from ingest.parsers.decoding import decode
from ingest.settings import ParseLimits

_BLANK_LINES = re.compile(r"(?:\r?\n|\r)[ \t]*(?:(?:\r?\n|\r)[ \t]*)+|\f")


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:  # noqa: ARG001 - one signature for all
    """Blocks without pages or headings."""
    return building.document(paragraphs(decode(path.read_bytes())))


def paragraphs(text: str) -> list[Block]:
    """Text blocks between blank lines."""
    return [Block("text", part) for part in _BLANK_LINES.split(text)]
