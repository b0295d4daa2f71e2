"""Web pages by `unstructured`, decoded by what they declare."""

import re
from pathlib import Path

from lxml import etree
from lxml import html as lxml_html
from unstructured.partition.html import partition_html

from ingest.blocks import Block, ParsedDocument
from ingest.errors import DocumentDamaged
from ingest.parsers import building, elements
from ingest.parsers.decoding import decode
from ingest.settings import ParseLimits

_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w-]{2,40})""", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.{1,500}?)</title>", re.IGNORECASE | re.DOTALL)
_DECLARED_WITHIN_BYTES = 4096
_NOT_READ = ("script", "style", "template", "noscript")


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:  # noqa: ARG001 - one signature for all
    """Blocks without pages.

    Raises:
        DocumentDamaged: no markup could be made out.
    """
    data = path.read_bytes()
    declared = _CHARSET.search(data[:_DECLARED_WITHIN_BYTES])
    text = decode(data, declared[1].decode("ascii") if declared else None)
    title = _TITLE.search(text)
    return building.document(read(text), title=lxml_text(title[1]) if title else None)


def read(text: str) -> list[Block]:
    """Blocks of a page's markup; text alone when it nests too deeply for the library."""
    try:
        found = elements.partition(partition_html, text=text)
        return list(elements.blocks(found, headings=elements.depth_level))
    except DocumentDamaged:
        return _plain(text)


def _plain(text: str) -> list[Block]:
    try:
        root = lxml_html.document_fromstring(text, parser=lxml_html.HTMLParser(huge_tree=True))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise DocumentDamaged from error
    etree.strip_elements(root, *_NOT_READ, with_tail=False)
    return [Block("text", part) for part in root.itertext(with_tail=True) if part.strip()]


def lxml_text(markup: str) -> str:
    """Text of a fragment with its entities resolved."""
    fragment: str = lxml_html.fromstring(f"<p>{markup}</p>").text_content()
    return fragment
