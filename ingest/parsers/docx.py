"""Word documents by `unstructured`; heading levels come from the paragraph styles."""

from pathlib import Path
from typing import Any

from unstructured.partition.docx import partition_docx

from ingest.blocks import ParsedDocument
from ingest.parsers import building, elements
from ingest.parsers.docx_hidden import without_hidden
from ingest.settings import ParseLimits


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:  # noqa: ARG001 - one signature for all
    """Read blocks without pages, and without what is hidden. Raises: DocumentDamaged."""
    found = elements.partition(_partition_visible, path=path)
    for element in found:
        element.metadata.page_number = None  # counts explicit breaks only, so it misleads
    return building.document(elements.blocks(found, headings=elements.depth_level))


def _partition_visible(path: Path, languages: list[str]) -> list[Any]:
    cleaned = without_hidden(path)
    if cleaned is None:
        return list(partition_docx(filename=str(path), languages=languages))
    return list(partition_docx(file=cleaned, languages=languages))
