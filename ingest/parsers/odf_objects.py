"""Objects inside OpenDocument files (charts, formulas, tables): each a small document of its own.

A chart keeps the values it shows in a table, so that it is read as any other text is.
"""

import posixpath
import zipfile
from collections.abc import Iterator
from typing import Final

from lxml import etree

from ingest.blocks import Block
from ingest.parsers import package

_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_OBJECT: Final = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}object"
_BODY: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}body"
_PARAGRAPH: Final = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}p"
_TITLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:chart:1.0}title"


def place(parts: zipfile.ZipFile, body: etree._Element) -> None:
    """Put what objects say in the place of their frames' content; not what lies within objects."""
    for found in list(body.iter(_OBJECT)):
        frame, content = found.getparent(), _content(parts, found.get(_LINK, ""))
        if frame is not None and len(content):
            frame[:] = content


def titles(parts: zipfile.ZipFile, name: str) -> Iterator[Block]:
    """Yield the titles of a chart and its axes; on a sheet its values stand in cells."""
    for element in _content(parts, name):
        for title in element.iter(_TITLE):
            yield Block("text", " ".join(title.itertext()))


def _content(parts: zipfile.ZipFile, name: str) -> list[etree._Element]:
    part = posixpath.normpath(posixpath.join(name, "content.xml"))
    if name.startswith("/") or part not in parts.namelist():
        return []
    try:
        root = package.xml(package.part(parts, part))
    except etree.XMLSyntaxError:
        return []
    body = root.find(_BODY)
    return list(_formula(root) if body is None else body)


def _formula(root: etree._Element) -> Iterator[etree._Element]:
    """Yield a paragraph with what was typed to make a formula."""
    for typed in root.iter("{*}annotation"):
        paragraph = etree.Element(_PARAGRAPH)
        paragraph.text = typed.text
        yield paragraph
