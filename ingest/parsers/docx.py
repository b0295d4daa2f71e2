"""Word documents by `unstructured`; heading levels come from the paragraph styles."""

from pathlib import Path

from unstructured.partition.docx import partition_docx

from ingest.blocks import ParsedDocument
from ingest.parsers import building, elements
from ingest.settings import ParseLimits


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:  # noqa: ARG001 - one signature for all
    """Read blocks without pages. Raises: DocumentDamaged."""
    found = elements.partition(partition_docx, filename=str(path))
    for element in found:
        element.metadata.page_number = None  # counts explicit breaks only, so it misleads
    return building.document(elements.blocks(found, headings=elements.depth_level))
