"""Plain text: paragraphs end at blank lines."""

import re
from pathlib import Path

from ingest.blocks import Block, ParsedDocument
from ingest.parsers import building, calendars, meetings
from ingest.parsers.decoding import decode
from ingest.settings import ParseLimits

_BLANK_LINES = re.compile(r"(?:\r?\n|\r)[ \t]*(?:(?:\r?\n|\r)[ \t]*)+|\f")


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:  # noqa: ARG001 - one signature for all
    """Blocks without pages or headings; of a calendar its events."""
    data = path.read_bytes()
    events = meetings.read(data, described=True) if calendars.is_calendar(data) else []
    return building.document(events or paragraphs(decode(data)))


def paragraphs(text: str) -> list[Block]:
    """Text blocks between blank lines."""
    return [Block("text", part) for part in _BLANK_LINES.split(text)]
