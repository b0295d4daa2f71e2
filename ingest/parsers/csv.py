"""Tables in text files: comma, semicolon, tab or bar between the cells."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from ingest.blocks import ParsedDocument
from ingest.errors import DocumentDamaged
from ingest.parsers import building
from ingest.parsers.decoding import decode
from ingest.parsers.rows import table_blocks
from ingest.settings import ParseLimits

_SNIFFED_CHARACTERS = 16_384
_DELIMITERS = ",;\t|"
_FIELD_CHARACTERS_MAX = 10_000_000


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:  # noqa: ARG001 - one signature for all
    """Table blocks; each starts with the header row.

    Raises:
        DocumentDamaged: quotes that never end, or a field of more than 10 million characters.
    """
    text = decode(path.read_bytes())
    csv.field_size_limit(_FIELD_CHARACTERS_MAX)
    return building.document(table_blocks(_rows(text)))


def _rows(text: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    except csv.Error as error:
        raise DocumentDamaged from error


def _delimiter(text: str) -> str:
    """Choose what cuts the first lines into the most cells, evenly; a comma when nothing does."""
    lines = [line for line in text[:_SNIFFED_CHARACTERS].splitlines()[:20] if line.strip()]

    def evenness(delimiter: str) -> tuple[int, int]:
        counts = [line.count(delimiter) for line in lines]
        return min(counts, default=0), sum(counts)

    return max(_DELIMITERS, key=evenness)
