"""Web pages by `unstructured`, decoded by what they declare."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

from unstructured.partition.html import partition_html

from ingest.blocks import Block, ParsedDocument
from ingest.errors import DocumentDamaged
from ingest.parsers import building, data_urls, elements, html_pictures
from ingest.parsers.decoding import decode
from ingest.parsers.html_hidden import hides_itself, without_hidden
from ingest.settings import ParseLimits

_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w-]{2,40})""", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.{1,500}?)</title>", re.IGNORECASE | re.DOTALL)
_DECLARED_WITHIN_BYTES = 4096
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"}
)
_NOT_READ = ("script", "style", "template", "noscript")


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:
    """Read blocks without pages; of pictures those that the page holds itself."""
    text = markup(path)
    title = _TITLE.search(text)
    blocks = read(text, data_urls.drafts(text, limits))
    return building.document(blocks, title=unescape(title[1]) if title else None)


def markup(path: Path) -> str:
    """Decode a page as it declares."""
    data = path.read_bytes()
    declared = _CHARSET.search(data[:_DECLARED_WITHIN_BYTES])
    return decode(data, declared[1].decode("ascii") if declared else None)


def read(text: str, draft: html_pictures.Draft = lambda _address: None) -> list[Block]:
    """Blocks of a page's markup; its text alone when it nests too deeply for the library.

    What a browser would not show is not read, and of pictures what `draft` makes of them.
    """
    text, drafts = html_pictures.marked(without_hidden(text), draft)
    try:
        found = elements.partition(partition_html, text=text)
        blocks = list(elements.blocks(found, headings=elements.depth_level))
    except DocumentDamaged:
        blocks = []
    return list(html_pictures.placed(blocks or _TextOnly(text).blocks, drafts))


class _TextOnly(HTMLParser):
    """Reads text without building a tree, so at any depth."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self._unread = 0
        self._hidden: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unread += tag in _NOT_READ
        if tag not in _VOID and (tag in self._hidden or hides_itself(dict(attrs))):
            self._hidden.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._unread = max(0, self._unread - (tag in _NOT_READ))
        if tag in self._hidden:
            self._hidden.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self._unread and not self._hidden and data.strip():
            self.blocks.append(Block("text", data))
