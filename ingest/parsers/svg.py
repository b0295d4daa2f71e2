"""Texts of drawings in SVG 2; shapes that only look like letters are not read."""

import re
from typing import Any, Final

from lxml import etree

from ingest.parsers import package
from ingest.parsers.characters import one_line

_ROOT: Final = re.compile(rb"<(?:\w+:)?svg\b")
_HEAD_BYTES: Final = 4096
_SAID: Final = ("}title", "}desc")
_HIDDEN: Final = re.compile(r"\b(?:display\s*:\s*none|visibility\s*:\s*hidden)")


def is_one(data: bytes) -> bool:
    """Whether it looks like a drawing."""
    return _ROOT.search(data[:_HEAD_BYTES]) is not None


def read(data: bytes) -> str | None:
    """Return the texts, a line each; None of what is damaged.

    A drawing without text may say what it shows.
    """
    try:
        root = package.xml(data)
    except etree.XMLSyntaxError:
        return None
    texts = written(root)
    said = [one_line(one.text or "") for one in root if str(one.tag).endswith(_SAID)]
    return "\n".join(filter(None, texts or said))


def written(drawing: Any) -> list[str]:
    """Return the texts of a drawing that are shown, in order."""
    return [one_line(_spaced(one)) for one in drawing.iter("{*}text") if not _is_hidden(one)]


def _spaced(element: etree._Element) -> str:
    """Join the parts of a text; those that are placed by themselves are apart."""
    parts = [element.text or ""]
    for part in element:
        if isinstance(part.tag, str) and not part.tag.endswith(_SAID):
            apart = any(part.get(place) is not None for place in ("x", "y", "dy"))
            parts += [" " if apart else "", _spaced(part)]
        parts.append(part.tail or "")
    return "".join(parts)


def _is_hidden(element: etree._Element) -> bool:
    return any(
        one.get("display") == "none"
        or one.get("visibility") == "hidden"
        or _HIDDEN.search(one.get("style") or "")
        or str(one.tag).endswith("}defs")
        for one in (element, *element.iterancestors())
    )
