"""SmartArt (ECMA-376 part 1, 21.4): the texts of a diagram, from the outermost point inwards."""

from collections import defaultdict
from collections.abc import Iterator

from lxml import etree

from ingest.blocks import Block
from ingest.parsers import package


def read(part: bytes) -> Iterator[Block]:
    """Make a list of a diagram's data part; one that is damaged is nothing."""
    try:
        root = package.xml(part)
    except etree.XMLSyntaxError:
        return
    texts = {point.get("modelId", ""): _text(point) for point in root.iterfind("{*}ptLst/{*}pt")}
    for key in _ordered(root):
        if text := texts.pop(key, ""):
            yield Block("list", text)


def _ordered(root: etree._Element) -> Iterator[str]:
    """Yield the points as they hang on each other; none is visited twice, and none too deep."""
    below: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for link in root.iterfind("{*}cxnLst/{*}cxn"):
        if link.get("type", "parOf") == "parOf":
            place = link.get("srcOrd", "")
            order = int(place) if place.isdecimal() else 0
            below[link.get("srcId", "")].append((order, link.get("destId", "")))
    points = root.findall("{*}ptLst/{*}pt")
    waiting = [one.get("modelId", "") for one in points if one.get("type") == "doc"]
    while waiting:
        key = waiting.pop()
        yield key
        waiting += [child for _, child in sorted(below.pop(key, ()), reverse=True)]


def _text(point: etree._Element) -> str:
    paragraphs = point.iterfind("{*}t/{*}p")
    return "\n".join("".join(run.text or "" for run in p.iter("{*}t")) for p in paragraphs)
