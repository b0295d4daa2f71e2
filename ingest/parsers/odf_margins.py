"""Pictures in the headers and footers of OpenDocument text: letterheads, stamps."""

import zipfile
from typing import Final

from lxml import etree

from ingest.blocks import Block
from ingest.parsers import embedded, package

_STYLES: Final = "styles.xml"
_PAGES: Final = "{*}master-styles/{*}master-page"
_STYLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_IMAGE: Final = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}image"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"


def drafts(parts: zipfile.ZipFile) -> tuple[list[Block], list[Block]]:
    """Return the pictures of all headers and of all footers, each once."""
    if _STYLES not in parts.namelist():
        return [], []
    root = package.xml(package.part(parts, _STYLES))
    return _below(root, f"{_STYLE}header"), _below(root, f"{_STYLE}footer")


def _below(root: etree._Element, margin: str) -> list[Block]:
    """Look also into the margins of left and first pages, whose names begin in the same way."""
    names = (
        image.get(_LINK, "")
        for page in root.iterfind(_PAGES)
        for part in page
        if str(part.tag).startswith(margin)
        for image in part.iter(_IMAGE)
    )
    return [embedded.draft(name) for name in dict.fromkeys(names)]
