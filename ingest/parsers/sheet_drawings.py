"""What lies on the sheets of a workbook (XLSX, ODS): pictures, charts, the text of shapes.

Pictures that WPS Office keeps in cells stand in a part of their own; cells name them in a formula.
"""

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from lxml import etree

from ingest.blocks import Block
from ingest.parsers import embedded, graphics, odf_objects, package
from ingest.parsers.relations import relations

_EMBED: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}embed"
_SHEET_ID: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TABLE_NAME: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}name"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_VISIBLE: Final = "visible"
_ODS_DRAWN: Final = ("Pictures/", "Object")
_WORKBOOK, _IN_CELLS, _CONTENT = "xl/workbook.xml", "xl/cellimages.xml", "content.xml"
_IN_CELL: Final = re.compile(r'DISPIMG\("([^"]{1,80})"')
_ON: Final = ("1", "true")

Drawings = Mapping[str, list[Block]]
"""Blocks by the name of their sheet."""


def drawings(path: Path) -> Drawings:
    """Read what lies on each sheet, from top to bottom; nothing of a file that is no package.

    Raises:
        DocumentDamaged.
    """
    if not zipfile.is_zipfile(path):
        return {}
    with package.opened(path) as parts:
        names = frozenset(parts.namelist())
        if _WORKBOOK in names:
            return _on_sheets(parts)
        if _CONTENT in names and any(name.startswith(_ODS_DRAWN) for name in names):
            return _on_tables(parts)
    return {}


def in_cells(path: Path) -> Mapping[str, Block]:
    """Pictures in cells by the name that formulas give them. Raises: DocumentDamaged."""
    if not zipfile.is_zipfile(path):
        return {}
    with package.opened(path) as parts:
        if _IN_CELLS not in parts.namelist():
            return {}
        root = package.xml(package.part(parts, _IN_CELLS))
        targets = {one.key: one.part for one in relations(parts, _IN_CELLS)}
    return dict(_named(root, targets))


def name_in_cell(text: str) -> str | None:
    """Return the name of the picture that a cell shows instead of this text."""
    found = _IN_CELL.search(text)
    return None if found is None else found[1]


def _on_sheets(parts: zipfile.ZipFile) -> Drawings:
    targets = {one.key: one for one in relations(parts, _WORKBOOK)}
    workbook = package.xml(package.part(parts, _WORKBOOK))
    sheets = [
        (sheet.get("name", ""), target, sheet.get("state", _VISIBLE) == _VISIBLE)
        for sheet in workbook.iter("{*}sheet")
        if (target := targets.get(sheet.get(_SHEET_ID, "")))
    ]
    read = frozenset(name for name, one, seen in sheets if seen and one.kind == "worksheet")
    return {name: list(_on_sheet(parts, one.part, read)) for name, one, seen in sheets if seen}


def _on_sheet(parts: zipfile.ZipFile, sheet: str, read: frozenset[str]) -> Iterator[Block]:
    for relation in relations(parts, sheet):
        if relation.kind == "drawing":
            yield from _drawn(parts, relation.part, read)


def _drawn(parts: zipfile.ZipFile, part: str, read: frozenset[str]) -> Iterator[Block]:
    """Read a sheet's drawing; `read` are the sheets that are read as tables anyway."""
    targets = {one.key: one.part for one in relations(parts, part)}

    def follow(key: str) -> bytes | None:
        name = targets.get(key)
        return package.part(parts, name) if name in parts.namelist() else None

    try:
        drawing = package.xml(package.part(parts, part))
    except (KeyError, etree.XMLSyntaxError):  # the sheet's cells still count
        return
    etree.strip_elements(drawing, "{*}Fallback")  # says again what stands beside it
    for anchor in sorted(drawing, key=_place):
        for shape in anchor.iter("{*}pic", "{*}sp"):
            if not _is_hidden(shape):
                yield from _shape(shape, targets)
        yield from graphics.drawn(anchor, follow, read)


def _shape(shape: etree._Element, targets: Mapping[str, str]) -> Iterator[Block]:
    for paragraph in shape.iterfind("{*}txBody/{*}p"):
        yield Block("text", "".join(run.text or "" for run in paragraph.iter("{*}t")))
    for picture in shape.iterfind("{*}blipFill/{*}blip"):
        if target := targets.get(picture.get(_EMBED, "")):
            yield embedded.draft(target)


def _place(anchor: etree._Element) -> tuple[int, int]:
    """Row and column of the corner; what is placed by lengths comes first, as it stands."""
    return _number(anchor, "row"), _number(anchor, "col")


def _number(anchor: etree._Element, name: str) -> int:
    text = anchor.findtext(f"{{*}}from/{{*}}{name}") or ""
    return int(text) if text.isdecimal() else 0


def _is_hidden(shape: etree._Element) -> bool:
    named = next(shape.iter("{*}cNvPr"), None)
    return named is not None and named.get("hidden") in _ON


def _named(root: etree._Element, targets: Mapping[str, str]) -> Iterator[tuple[str, Block]]:
    for picture in root.iter("{*}pic"):
        named, shown = next(picture.iter("{*}cNvPr"), None), next(picture.iter("{*}blip"), None)
        target = None if shown is None else targets.get(shown.get(_EMBED, ""))
        if named is not None and target is not None:
            yield named.get("name", ""), embedded.draft(target)


def _on_tables(parts: zipfile.ZipFile) -> Drawings:
    found: defaultdict[str, list[Block]] = defaultdict(list)
    content = package.xml(package.part(parts, _CONTENT))
    for table in content.iter("{*}table"):
        blocks = found[table.get(_TABLE_NAME, "")]
        for drawn in table.iter("{*}image", "{*}object"):
            name = drawn.get(_LINK, "")
            if str(drawn.tag).endswith("}image"):
                blocks.append(embedded.draft(name))
            else:
                blocks += odf_objects.titles(parts, name)
    return found
