"""Pictures, charts and diagrams in Word documents, where `unstructured` asks for a paragraph's.

It does not ask about tables, so what is drawn is lifted out of them. Linked pictures are not
fetched.
"""

from collections.abc import Iterator
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from unstructured.partition.docx import register_picture_partitioner

from ingest.blocks import Block
from ingest.parsers import embedded, graphics
from ingest.parsers.elements import Placed

_TABLE, _BLIP, _CROP = qn("w:tbl"), qn("a:blip"), qn("a:srcRect")
_VML_IMAGE = "{urn:schemas-microsoft-com:vml}imagedata"
_DRAWN = (qn("w:drawing"), qn("w:pict"), qn("w:object"))
_DRAWING, _NAMED = qn("w:drawing"), qn("wp:docPr")
_WHOLE_CROP = 100_000  # crops are given in thousandths of a percent
_FROM_DATA = ("{*}chart", "{*}relIds")
_HEADER, _FOOTER = qn("w:headerReference"), qn("w:footerReference")
_TYPE, _OWN_FIRST_PAGE = qn("w:type"), qn("w:titlePg")
_ON = ("1", "true")


class _ParagraphPictures:
    """What the library calls for each paragraph."""

    @classmethod
    def iter_elements(cls, paragraph: Any, options: Any) -> Iterator[Placed]:  # noqa: ARG003 - its signature
        """Yield what is drawn in a paragraph and shown."""
        relations = paragraph.part.rels
        yield from _pictures(paragraph._p, relations)
        for block in graphics.drawn(paragraph._p, graphics.of_rels(relations)):
            yield Placed(block)


def of_headers(document: Any) -> list[Placed]:
    """Return the pictures of all headers, such as letterheads, each once."""
    return list(_in_margins(document, _HEADER))


def of_footers(document: Any) -> list[Placed]:
    """Return the pictures of all footers, each once."""
    return list(_in_margins(document, _FOOTER))


def _in_margins(document: Any, reference: str) -> Iterator[Placed]:
    """Yield the pictures of the parts that sections show on their pages."""
    relations, seen = document.part.rels, set[Block]()
    shown = [
        one.get(qn("r:id"))
        for one in document.element.body.iter(reference)
        if one.get(_TYPE) != "first" or one.getparent().find(_OWN_FIRST_PAGE) is not None
    ]
    for key in dict.fromkeys(shown):
        if key in relations and not relations[key].is_external:
            part = relations[key].target_part
            for picture in _pictures(part.element, part.rels):
                if picture.draft not in seen:
                    seen.add(picture.draft)
                    yield picture


def _pictures(element: Any, relations: Any) -> Iterator[Placed]:
    for image in element.iter(_BLIP, _VML_IMAGE):
        target = relations.get(image.get(qn("r:embed")) or image.get(qn("r:id")))
        if target is not None and not (target.is_external or _is_hidden(image)):
            yield Placed(embedded.draft(str(target.target_part.partname), _shown(image)))


def lift(document: Any) -> bool:
    """Put what is drawn in a table into paragraphs after it; whether there was any."""
    tables = [table for table in document.element.body if table.tag == _TABLE]
    lifted = [(table, drawn) for table in tables for drawn in _drawn(table)]
    for table, drawn in reversed(lifted):
        paragraph, run = OxmlElement("w:p"), OxmlElement("w:r")
        paragraph.append(run)
        run.append(drawn)
        table.addnext(paragraph)
    return bool(lifted)


def _drawn(table: Any) -> list[Any]:
    """What is drawn in a table and has a picture or data in it, in order."""
    found = table.iter(_BLIP, _VML_IMAGE, *_FROM_DATA)
    around = (next(one.iterancestors(*_DRAWN), None) for one in found)
    return list(dict.fromkeys(drawn for drawn in around if drawn is not None))


def _is_hidden(image: Any) -> bool:
    drawing = next(image.iterancestors(_DRAWING), None)
    named = None if drawing is None else next(drawing.iter(_NAMED), None)
    return named is not None and named.get("hidden") in _ON


def _shown(image: Any) -> embedded.Edges:
    around = image.getparent()
    crop = None if around is None else around.find(_CROP)
    if crop is None:
        return embedded.WHOLE
    left, top, right, bottom = (_share(crop.get(edge)) for edge in "ltrb")
    return left, top, 1 - right, 1 - bottom


def _share(crop: str | None) -> float:
    try:
        return int(crop or 0) / _WHOLE_CROP
    except ValueError:
        return 0.0


def register() -> None:
    """Tell the library whom to ask, in this process."""
    register_picture_partitioner(_ParagraphPictures)
