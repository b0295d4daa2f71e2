"""Texts of drawings in SVG 2; shapes that only look like letters are not read."""

import re
from typing import Any, Final

from lxml import etree

from ingest.parsers import package
from ingest.parsers.characters import one_line

_ROOT: Final = re.compile(rb"<(?:\w+:)?svg\b")
_HEAD_BYTES: Final = 4096
_LENGTH: Final = re.compile(r"\s*([0-9.]{1,12})\s*(px|pt|pc|mm|cm|in)?\s*")
_PIXELS: Final = {"pt": 4 / 3, "pc": 16, "mm": 3.78, "cm": 37.8, "in": 96}
_SAID: Final = ("}title", "}desc")
_HIDDEN: Final = re.compile(r"\b(?:display\s*:\s*none|visibility\s*:\s*hidden)")


def is_one(data: bytes) -> bool:
    """Whether it looks like a drawing."""
    return _ROOT.search(data[:_HEAD_BYTES]) is not None


def read(data: bytes) -> tuple[str, int] | None:
    """Return the texts, a line each, and width times height in pixels; None of what is damaged.

    A drawing without text may say what it shows.
    """
    try:
        root = package.xml(data)
    except etree.XMLSyntaxError:
        return None
    texts = written(root)
    said = [one_line(one.text or "") for one in root if str(one.tag).endswith(_SAID)]
    return "\n".join(filter(None, texts or said)), _pixels(root)


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


def _pixels(root: etree._Element) -> int:
    width, height = _length(root.get("width")), _length(root.get("height"))
    if not (width and height):
        box = re.findall(r"[0-9.]+", root.get("viewBox") or "")
        width, height = map(_length, box[2:4]) if len(box) >= 4 else (0.0, 0.0)  # noqa: PLR2004 - x, y, width, height
    return round(width * height)


def _length(said: str | None) -> float:
    found = _LENGTH.fullmatch(said or "")
    try:
        return float(found[1]) * _PIXELS.get(found[2] or "", 1) if found else 0.0
    except ValueError:
        return 0.0
