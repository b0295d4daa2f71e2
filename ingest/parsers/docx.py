"""Word documents by `unstructured`; heading levels come from the paragraph styles."""

import io
from pathlib import Path
from typing import Any

import docx
from unstructured.partition.docx import partition_docx

from ingest.blocks import ParsedDocument
from ingest.parsers import docx_comments, docx_flow, docx_hidden, docx_pictures, elements, embedded
from ingest.parsers.strict_ooxml import transitional
from ingest.settings import ParseLimits


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:
    """Read blocks without pages, and without what is hidden. Raises: DocumentDamaged."""
    docx_pictures.register()
    found = elements.partition(_partition_shown, path=path)
    for element in found:
        element.metadata.page_number = None  # counts explicit breaks only, so it misleads
    blocks = elements.blocks(found, headings=elements.depth_level)
    return embedded.document(blocks, path, limits)


def _partition_shown(path: Path, languages: list[str]) -> list[Any]:
    usual = transitional(path)
    document = docx.Document(usual or str(path))
    above, below = docx_pictures.of_headers(document), docx_pictures.of_footers(document)
    changed = _as_shown(document) or usual
    source: dict[str, Any] = {"filename": str(path)} if changed is None else {"file": changed}
    return [*above, *partition_docx(**source, languages=languages), *below]


def _as_shown(document: Any) -> io.BytesIO | None:
    """Return the document as a reader sees it, in plain paragraphs; None if it is so already."""
    changes = (
        docx_comments.place,
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
