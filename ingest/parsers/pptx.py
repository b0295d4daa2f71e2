"""Presentations by `unstructured`: a slide is a page, its title a heading; speaker notes too."""

import io
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pptx
from unstructured.partition.pptx import partition_pptx

from ingest.blocks import Block, ParsedDocument
from ingest.parsers import elements, embedded, graphics, pptx_flow, pptx_pictures, slide_comments
from ingest.parsers.strict_ooxml import transitional
from ingest.settings import ParseLimits

_OFF = ("0", "false")


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:
    """Read blocks whose page is their slide; slides that are not shown are not read.

    Raises:
        DocumentDamaged.
    """
    pptx_pictures.register()
    found = elements.partition(_partition_shown, path=path)
    slides = max((element.metadata.page_number or 0 for element in found), default=0)
    blocks = _titles_first(elements.blocks(found, headings=_level))
    return embedded.document(blocks, path, limits, page_count=slides or None)


def _partition_shown(path: Path, languages: list[str]) -> list[Any]:
    usual = transitional(path)
    deck = pptx.Presentation(usual or str(path))
    slides = list(enumerate(deck.slides, start=1))
    hidden = {number for number, slide in slides if slide._element.get("show") in _OFF}
    unwrapped = [pptx_flow.unwrap(slide) for _, slide in slides]
    if any(unwrapped):
        deck.save(usual := io.BytesIO())
    source: dict[str, Any] = {"file": usual} if usual else {"filename": str(path)}
    found = partition_pptx(**source, include_slide_notes=True, languages=languages)
    found += [placed for number, slide in slides for placed in _drawn(slide, number)]
    names = slide_comments.authors(deck)
    for number, slide in slides:
        found += [elements.Placed(said, number) for said in slide_comments.of_slide(slide, names)]
    found.sort(key=lambda element: element.metadata.page_number)
    return [element for element in found if element.metadata.page_number not in hidden]


def _drawn(slide: Any, number: int) -> Iterator[elements.Placed]:
    """Yield what the library leaves out: charts, diagrams, what embedded objects look like."""
    relations = slide.part.rels
    for block in graphics.drawn(slide._element, graphics.of_rels(relations)):
        yield elements.Placed(block, number)
    for draft in pptx_pictures.of_objects(slide._element, relations):
        yield elements.Placed(draft, number)


def _titles_first(blocks: Iterable[Block]) -> Iterator[Block]:
    """Put what stands before a slide's title (its notes come first) after the rest of the slide."""
    for _, group in groupby(blocks, key=lambda block: block.page):
        slide = list(group)
        title = next((i for i, block in enumerate(slide) if block.kind == "heading"), 0)
        yield from slide[title:]
        yield from slide[:title]


def _level(element: Any) -> int:
    """Only a slide's own title is a heading; the library calls short bullets titles as well."""
    return 1 if element.metadata.category_depth == 0 else 0
