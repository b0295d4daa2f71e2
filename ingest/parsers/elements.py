"""`unstructured` made safe, and its elements as blocks.

Importing this module replaces the spaCy model that the library would download at first use by a
blank pipeline with a sentence splitter. torch is kept from being imported: spaCy would load it
(1.3 s, 200 MB) and nothing here uses it.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from unstructured.documents.elements import ElementMetadata, Image

from ingest.blocks import Block
from ingest.errors import DocumentDamaged, ParseError
from ingest.parsers import building
from ingest.parsers.rows import table_blocks

_SENTENCE_ENDS = [".", "!", "?", "。", "！", "？", "；"]
_DROPPED = frozenset({"Header", "Footer", "PageBreak", "PageNumber", "Image"})
_LISTS = frozenset({"ListItem"})


def _without_torch(load: Callable[[], Any]) -> Any:
    """Import spaCy as if torch were not installed, unless it is already loaded."""
    if "torch" in sys.modules:
        return load()
    modules: dict[str, Any] = sys.modules
    modules["torch"] = None  # so that `import torch` fails
    try:
        return load()
    finally:
        del sys.modules["torch"]


def _tokenize_module() -> Any:
    from unstructured.nlp import tokenize  # noqa: PLC0415 - after torch is hidden

    return tokenize


def _blank_pipeline() -> Any:
    import spacy  # noqa: PLC0415 - after torch is hidden

    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer", config={"punct_chars": _SENTENCE_ENDS})
    return pipeline


_tokenize = _without_torch(_tokenize_module)
_tokenize._load_spacy_model = _blank_pipeline


class Placed(Image):  # type: ignore[misc]  # untyped there
    """What is drawn, where it stands, with its block; for pictures see `embedded.draft`."""

    def __init__(self, draft: Block, page: int | None = None) -> None:
        super().__init__("", metadata=ElementMetadata(page_number=page))
        self.draft = draft


def partition(function: Callable[..., list[Any]], **arguments: Any) -> list[Any]:
    """Call a partitioner of `unstructured` without its language detection.

    Raises:
        DocumentDamaged: whatever the library or those below it could not read.
    """
    try:
        return function(languages=[""], **arguments)
    except (ParseError, MemoryError):
        raise
    except Exception as error:
        raise DocumentDamaged from error


def blocks(elements: list[Any], *, headings: Callable[[Any], int]) -> Iterator[Block]:
    """Elements as blocks; `headings` gives the level of a `Title` element, 0 for plain text."""
    for element in elements:
        kind, page = element.category, element.metadata.page_number
        if isinstance(element, Placed):
            yield replace(element.draft, page=page)
        if kind in _DROPPED:
            continue
        if kind == "Table":
            yield from _table(element, page)
        elif kind == "Title" and (level := headings(element)):
            yield building.heading(element.text, level, page)
        else:
            yield Block("list" if kind in _LISTS else "text", element.text, page=page)


def depth_level(element: Any) -> int:
    """Give the level that the format names; a guess of the library has no depth."""
    depth = element.metadata.category_depth
    return 0 if depth is None else int(depth) + 1


def _table(element: Any, page: int | None) -> Iterator[Block]:
    markup = element.metadata.text_as_html
    rows = _rows(markup) if markup else []
    if rows:
        yield from table_blocks(rows, page)
    else:
        yield Block("text", element.text, page=page)


def _rows(markup: str) -> list[list[str]]:
    reader = _TableReader()
    reader.feed(markup)
    reader.close()
    return reader.rows


class _TableReader(HTMLParser):
    """Collects the texts of the cells; a table within a cell adds its rows after."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - overrides
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data
