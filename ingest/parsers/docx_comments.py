"""Put the comments of a Word document into its flow: each after the paragraph it is written on."""

from collections.abc import Iterator
from typing import Any, Final

from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn

from ingest.parsers import comments

_PARAGRAPH: Final = qn("w:p")
_TEXT: Final = qn("w:t")
_FROM, _TO, _MARK = map(qn, ("w:commentRangeStart", "w:commentRangeEnd", "w:commentReference"))
_KEY, _AUTHOR = qn("w:id"), qn("w:author")
_QUOTED_PARTS_MAX: Final = 200


def place(document: Any) -> bool:
    """Add the comments to a document of python-docx; whether there was one."""
    lines = dict(_lines(document))
    quoted = _quoted(document.element.body, lines.keys()) if lines else {}
    found = []
    for mark in document.element.body.iter(_MARK) if lines else ():
        paragraph = next(mark.iterancestors(_PARAGRAPH), None)
        author, text = lines.pop(mark.get(_KEY), (None, ""))
        if paragraph is not None and text:
            said = comments.line(author, text, quoted=quoted.get(mark.get(_KEY), ""))
            found.append((paragraph, said))
    for paragraph, said in reversed(found):
        paragraph.addnext(_paragraph(said))
    return bool(found)


def _lines(document: Any) -> Iterator[tuple[str | None, tuple[str | None, str]]]:
    for relation in document.part.rels.values():
        if relation.reltype == RELATIONSHIP_TYPE.COMMENTS and not relation.is_external:
            for one in parse_xml(relation.target_part.blob).iter(qn("w:comment")):
                paragraphs = ("".join(_texts(each)) for each in one.iter(_PARAGRAPH))
                yield one.get(_KEY), (one.get(_AUTHOR), " ".join(paragraphs))


def _texts(element: Any) -> Iterator[str]:
    return (text.text or "" for text in element.iter(_TEXT))


def _quoted(body: Any, keys: Any) -> dict[str, str]:
    """Return the text that each comment is on."""
    parts: dict[str, list[str]] = {}
    quoted: dict[str, str] = {}
    for element in body.iter(_FROM, _TO, _TEXT):
        key = element.get(_KEY)
        if element.tag == _TEXT:
            for open_parts in parts.values():
                if len(open_parts) < _QUOTED_PARTS_MAX:
                    open_parts.append(element.text or "")
        elif element.tag == _FROM and key in keys:
            parts[key] = []
        elif key in parts:
            quoted[key] = "".join(parts.pop(key))
    return quoted


def _paragraph(text: str) -> Any:
    paragraph, run, written = (OxmlElement(name) for name in ("w:p", "w:r", "w:t"))
    written.text = text
    run.append(written)
    paragraph.append(run)
    return paragraph
