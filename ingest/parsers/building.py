"""Build a `ParsedDocument` from blocks: clean texts, no empty blocks, a title, a language."""

from collections.abc import Iterable
from dataclasses import replace

from ingest.blocks import Attachment, Block, ParsedDocument
from ingest.parsers import language
from ingest.parsers.characters import one_line, paragraph

LEVEL_MAX = 6
_TITLE_CHARACTERS_MAX = 300


def heading(text: str, level: int, page: int | None = None) -> Block:
    """Make a heading whose level is brought into 1 to 6."""
    return Block("heading", one_line(text), min(max(level, 1), LEVEL_MAX), page)


def document(
    blocks: Iterable[Block],
    title: str | None = None,
    page_count: int | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> ParsedDocument:
    """Build the document; without a `title` its first heading of the highest level is it."""
    kept = [
        cleaned for block in blocks if (cleaned := _cleaned(block)).text or block.kind == "picture"
    ]
    title = one_line(title or "") or _first_heading(kept)
    sample = "\n".join(block.text for block in kept[:2000])
    return ParsedDocument(
        title=title[:_TITLE_CHARACTERS_MAX] if title else None,
        blocks=tuple(kept),
        page_count=page_count,
        language=language.guess(sample),
        attachments=attachments,
    )


def _cleaned(block: Block) -> Block:
    if block.kind == "table":
        return block
    text = one_line(block.text) if block.kind == "heading" else paragraph(block.text)
    return block if text == block.text else replace(block, text=text)


def _first_heading(blocks: list[Block]) -> str | None:
    headings = [block for block in blocks if block.kind == "heading"]
    if not headings:
        return None
    return min(headings, key=lambda block: block.level).text
