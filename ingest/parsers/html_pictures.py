"""Pictures of a web page: each leaves a mark in the text where it stands, until that is in blocks.

The library below would drop them, with the captions of figures, and break paragraphs at them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from ingest.blocks import Block
from ingest.parsers import html_layout, svg
from ingest.parsers.html_tree import markup_of, tree

Draft = Callable[[str], Block | None]
"""Make the picture block of an address, if it is one to read."""

_PICTURES: Final = ("img", "image")
_WORTH_A_LOOK: Final = re.compile(r"<(?:\w+:)?(?:img|image|figure|table|text)\b", re.IGNORECASE)
_PLAIN: Final = {"figure": "div", "figcaption": "p"}
_MARK: Final = re.compile("\ufdd0([0-9]{1,6})\ufdd1")  # of characters that no text has


def marked(markup: str, draft: Draft) -> tuple[str, list[Block]]:
    """Return `markup` with a mark for each picture that `draft` knows, and their blocks.

    A drawing within the markup (SVG) is a text block, if it has text.
    """
    root = tree(markup) if _WORTH_A_LOOK.search(markup) else None
    if root is None:
        return markup, []
    html_layout.flatten(root)
    for element in list(root.iter(*_PLAIN)):
        element.tag = _PLAIN[element.tag]
    drafts: list[Block] = []
    for element in list(root.iter(*_PICTURES)):
        found = draft(_address(element))
        _replace(element, "" if found is None else f"\ufdd0{len(drafts)}\ufdd1")
        drafts += [] if found is None else [found]
    for drawing in list(root.iter("svg")):
        if texts := svg.written(drawing):
            _replace(next(drawing.iter("{*}text")), f"\ufdd0{len(drafts)}\ufdd1")
            drafts.append(Block("text", "\n".join(texts)))
    return markup_of(root), drafts


def placed(blocks: Iterable[Block], drafts: list[Block]) -> Iterator[Block]:
    """Put each picture after the block that its mark stands in, and take the marks away."""
    for block in blocks:
        found = [int(number) for number in _MARK.findall(block.text)]
        yield replace(block, text=_MARK.sub("", block.text)) if found else block
        for number in found:
            if number < len(drafts):
                yield drafts[number]


def addresses(markup: str) -> Iterator[str]:
    """Yield the addresses of all pictures, in order."""
    root = tree(markup) if _WORTH_A_LOOK.search(markup) else None
    for element in [] if root is None else root.iter(*_PICTURES):
        yield _address(element)


def _address(element: Any) -> str:
    return str(element.get("src") or element.get("xlink:href") or element.get("href") or "")


def _replace(element: Any, mark: str) -> None:
    """Put text in the place of a picture, after the drawing that it is a part of."""
    around = next(reversed(list(element.iterancestors("svg"))), None)
    if around is not None:
        around.tail = mark + (around.tail or "")
        return
    element.tail = mark + (element.tail or "")
    element.drop_tree()
