"""OpenDocument text and presentations (ODT, ODP): headings, lists, tables, slides as pages."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lxml import etree

from ingest.blocks import Block, ParsedDocument
from ingest.errors import DocumentEncrypted
from ingest.parsers import building, comments, embedded, odf_margins, odf_objects, package
from ingest.parsers.rows import table_blocks
from ingest.settings import ParseLimits

_NAMESPACE = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
_TEXT, _TABLE, _DRAW, _OFFICE = (
    _NAMESPACE % name for name in ("text", "table", "drawing", "office")
)
_PARAGRAPH, _HEADING, _ITEM = f"{_TEXT}p", f"{_TEXT}h", f"{_TEXT}list-item"
_IMAGE, _LINK = f"{_DRAW}image", "{http://www.w3.org/1999/xlink}href"
_COMMENT, _AUTHOR = f"{_OFFICE}annotation", "{http://purl.org/dc/elements/1.1/}creator"
_SPACES = {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}
_PREFERRED = (f"{_TABLE}table", f"{_DRAW}text-box")
_BITMAPS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")
_REPEATED_MAX = 1000
# Deleted text, comments (which follow their paragraph), marks of notes, and text that is not shown.
_NOT_READ = frozenset(
    {
        f"{_TEXT}tracked-changes",
        f"{_TEXT}note-citation",
        f"{_TEXT}hidden-text",
        f"{_TEXT}hidden-paragraph",
        f"{_TEXT}sequence-decls",
        _COMMENT,
        f"{_OFFICE}forms",
    }
)


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:
    """Read the body of the document.

    Raises:
        DocumentDamaged, DocumentEncrypted.
    """
    with package.opened(path) as parts:
        if b"encryption-data" in package.part(parts, "META-INF/manifest.xml"):
            raise DocumentEncrypted
        body = package.xml(package.part(parts, "content.xml")).find(f"{_OFFICE}body")
        if body is None:
            return building.document([])
        odf_objects.place(parts, body)
        above, below = odf_margins.drafts(parts)
    slides = body.findall(f".//{_DRAW}page")
    if not slides:
        return embedded.document([*above, *_blocks(body), *below], path, limits)
    blocks = [
        replace(block, page=number)
        for number, slide in enumerate(slides, start=1)
        for block in _slide(slide)
    ]
    return embedded.document(blocks, path, limits, page_count=len(slides))


def _slide(slide: etree._Element) -> Iterator[Block]:
    """Make the text of the frame for titles a heading."""
    role = (_NAMESPACE % "presentation") + "class"
    for frame in slide:
        title = frame.get(role) == "title"
        for block in _block(frame):
            yield building.heading(block.text, 1) if title and block.text.strip() else block


def _blocks(parent: etree._Element, *, in_list: bool = False) -> Iterator[Block]:
    for element in parent:
        yield from _block(element, in_list=in_list)


def _block(element: etree._Element, *, in_list: bool = False) -> Iterator[Block]:
    if element.tag == _COMMENT:
        said = " ".join(text_of(each) for each in element.iter(_PARAGRAPH))
        yield comments.block(element.findtext(_AUTHOR), said)
    if element.tag in _NOT_READ or not isinstance(element.tag, str):
        return
    if element.tag == _HEADING:
        yield building.heading(text_of(element), int(element.get(f"{_TEXT}outline-level", "1")))
    elif element.tag == _PARAGRAPH:
        yield Block("list" if in_list else "text", text_of(element))
    elif element.tag == f"{_TABLE}table":
        yield from table_blocks(_rows(element))
        for image in element.iter(_IMAGE):
            yield from _block(image)
        return
    elif element.tag == _IMAGE:
        if _is_shown(element):
            yield embedded.draft(element.get(_LINK, ""))
        return
    else:
        yield from _blocks(element, in_list=in_list or element.tag == _ITEM)
        return
    for frame in _framed(element):
        yield from _block(frame) if frame.tag == _COMMENT else _blocks(frame)


def _is_shown(image: etree._Element) -> bool:
    """Whether it is what a frame shows; others say the same for programs that know only them."""
    frame = image.getparent()
    if frame is None or frame.tag != f"{_DRAW}frame":
        return True
    if any(one.tag in _PREFERRED for one in frame):
        return False
    images = frame.findall(_IMAGE)
    return image is next((one for one in images if _is_bitmap(one)), images[0])


def _is_bitmap(image: etree._Element) -> bool:
    return image.get(_LINK, "").lower().endswith(_BITMAPS)


def _framed(element: etree._Element) -> Iterator[etree._Element]:
    """Yield text boxes, notes and comments that hang on a paragraph: they are read after it."""
    for child in element:
        if child.tag in (f"{_DRAW}frame", f"{_DRAW}custom-shape", f"{_TEXT}note", _COMMENT):
            yield child
        elif child.tag not in _NOT_READ:
            yield from _framed(child)


def text_of(element: etree._Element) -> str:
    """Characters of a paragraph with its spans; runs of spaces are written as elements."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}s":
            parts.append(" " * min(int(child.get(f"{_TEXT}c", "1")), _REPEATED_MAX))
        elif child.tag in _SPACES:
            parts.append(_SPACES[child.tag])
        elif isinstance(child.tag, str) and not _is_apart(child):
            parts.append(text_of(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _is_apart(child: etree._Element) -> bool:
    return child.tag in _NOT_READ or child.tag in (
        f"{_DRAW}frame",
        f"{_DRAW}custom-shape",
        f"{_TEXT}note",
    )


def _rows(table: etree._Element) -> Iterator[list[str]]:
    """Rows of a table; a table within a cell is read as the cell's text."""
    for row in table.iter(f"{_TABLE}table-row"):
        if next(row.iterancestors(f"{_TABLE}table")) is table:
            yield [text for cell in row for text in _cell(cell)]


def _cell(cell: etree._Element) -> list[str]:
    """Texts of a cell, as often as it is repeated; a covered cell is empty."""
    text = " ".join(text_of(each) for each in cell.iter(_PARAGRAPH, _HEADING))
    times = int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
    return [text] * min(times, _REPEATED_MAX if text else 1)
