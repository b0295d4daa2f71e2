"""Word documents by `unstructured`; heading levels come from the paragraph styles."""

import io
from pathlib import Path
from typing import Any

import docx
from unstructured.partition.docx import partition_docx

from ingest.blocks import ParsedDocument
from ingest.parsers import building, docx_flow, docx_hidden, docx_pictures, elements, embedded
from ingest.parsers.strict_ooxml import transitional
from ingest.settings import ParseLimits


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:
    """Read blocks without pages, and without what is hidden. Raises: DocumentDamaged."""
    docx_pictures.register()
    found = elements.partition(_partition_shown, path=path)
    for element in found:
        element.metadata.page_number = None  # counts explicit breaks only, so it misleads
    blocks = elements.blocks(found, headings=elements.depth_level)
    return building.document(embedded.admitted(blocks, path, limits))


def _partition_shown(path: Path, languages: list[str]) -> list[Any]:
    usual = transitional(path)
    changed = _as_shown(usual or str(path)) or usual
    if changed is None:
        return list(partition_docx(filename=str(path), languages=languages))
    return list(partition_docx(file=changed, languages=languages))


def _as_shown(source: str | io.BytesIO) -> io.BytesIO | None:
    """Return the document as a reader sees it, in plain paragraphs; None if it is so already."""
    document = docx.Document(source)
    changes = (
        docx_flow.place_notes,
        docx_hidden.remove_hidden,
        docx_flow.write_formulas,
        docx_flow.unwrap,
        docx_pictures.lift,
    )
    made = [change(document) for change in changes]
    if not any(made):
        return None
    changed = io.BytesIO()
    document.save(changed)
    changed.seek(0)
    return changed
