"""Markdown by `unstructured`, which renders it to HTML and reads that."""

from pathlib import Path

from unstructured.partition.md import partition_md

from ingest.blocks import ParsedDocument
from ingest.parsers import building, elements
from ingest.parsers.decoding import decode
from ingest.settings import ParseLimits


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:  # noqa: ARG001 - one signature for all
    """Read blocks without pages. Raises: DocumentDamaged."""
    found = elements.partition(partition_md, text=decode(path.read_bytes()))
    return building.document(elements.blocks(found, headings=elements.depth_level))
