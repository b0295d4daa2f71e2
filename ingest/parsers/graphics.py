"""What is drawn from data in Office Open XML documents: charts and SmartArt, in parts of their own.

A drawing names the part by a relationship; how that is followed differs by library.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from ingest.blocks import Block
from ingest.parsers import charts, diagrams

_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}%s"
_FALLBACK: Final = "{*}Fallback"
_ON: Final = ("1", "true")

Part = Callable[[str], bytes | None]
"""Return the part that a relationship leads to, by its key; None where it leads to none."""


def drawn(element: Any, part: Part, sheets: frozenset[str] = frozenset()) -> Iterator[Block]:
    """Make blocks of the charts and diagrams below `element` that are shown.

    `sheets`: see `charts.read`.
    """
    for graphic in element.iter("{*}graphicData"):
        if _is_hidden(graphic):
            continue
        for one in graphic.iterchildren("{*}chart", "{*}relIds"):
            is_chart = str(one.tag).endswith("}chart")
            content = part(one.get(_RELATION % ("id" if is_chart else "dm"), ""))
            if content is not None:
                yield from charts.read(content, sheets) if is_chart else diagrams.read(content)


def _is_hidden(graphic: Any) -> bool:
    """Whether nobody sees it, or only programs that do not know what stands beside it."""
    if next(graphic.iterancestors(_FALLBACK), None) is not None:
        return True
    frame = next(graphic.iterancestors("{*}graphicFrame", "{*}drawing"), None)
    named = None if frame is None else next(frame.iter("{*}cNvPr", "{*}docPr"), None)
    return named is not None and named.get("hidden") in _ON


def of_rels(relations: Any) -> Part:
    """Follow the relationships of a part of python-docx or python-pptx."""

    def part(key: str) -> bytes | None:
        found = relations[key] if key in relations else None  # noqa: SIM401 - not all have `get`
        if found is None or found.is_external:
            return None
        return bytes(found.target_part.blob)

    return part
