"""Electronic books (EPUB 2 and 3): the chapters of the spine, each read as a web page is."""

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from ingest.blocks import Block, ParsedDocument
from ingest.errors import DocumentEncrypted, DocumentTooLarge
from ingest.parsers import embedded, html, package
from ingest.parsers.decoding import decode
from ingest.settings import ParseLimits

_CHAPTERS = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbncx+xml"})


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:
    """Read the chapters in their order.

    Raises:
        DocumentDamaged, DocumentTooLarge.
        DocumentEncrypted: chapters are locked (DRM).
    """
    with package.opened(path) as parts:
        name = _root(parts)
        root = package.xml(package.part(parts, name))
        chapters = list(_chapters(root, posixpath.dirname(name)))
        if len(chapters) > limits.pages_max:
            raise DocumentTooLarge
        if _locked(parts) & set(chapters):
            raise DocumentEncrypted
        blocks = [block for chapter in chapters for block in _blocks(parts, chapter)]
    title = root.find(".//{http://purl.org/dc/elements/1.1/}title")
    return embedded.document(blocks, path, limits, title=None if title is None else title.text)


def _root(parts: zipfile.ZipFile) -> str:
    """Name of the part that lists the others."""
    container = package.xml(package.part(parts, "META-INF/container.xml"))
    return next(name for e in container.iter("{*}rootfile") if (name := e.get("full-path")))


def _chapters(root: etree._Element, folder: str) -> Iterator[str]:
    """Names of the parts of the spine."""
    items = {item.get("id"): item for item in root.iter("{*}item")}
    for reference in root.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is not None and item.get("media-type") in _CHAPTERS:
            yield posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))


def _blocks(parts: zipfile.ZipFile, chapter: str) -> list[Block]:
    """Read a chapter; one that the book names and does not have is left out."""

    def draft(address: str) -> Block | None:
        if not address or ":" in address:
            return None
        return embedded.draft(posixpath.normpath(posixpath.join(folder, unquote(address))))

    folder = posixpath.dirname(chapter)
    try:
        return html.read(decode(package.part(parts, chapter)), draft)
    except KeyError:
        return []


def _locked(parts: zipfile.ZipFile) -> set[str]:
    """Names of encrypted parts; fonts are, in books that anyone may read."""
    if "META-INF/encryption.xml" not in parts.namelist():
        return set()
    encryption = package.xml(package.part(parts, "META-INF/encryption.xml"))
    return {unquote(e.get("URI", "")) for e in encryption.iter("{*}CipherReference")}
