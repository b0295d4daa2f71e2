"""Bring the text of a Word document into the plain flow of paragraphs and tables.

`unstructured` reads only the runs that stand directly in those. Word wraps text for many reasons
(content controls, tracked insertions, fields, phonetic guides), formulas have no runs, text boxes
hang on a paragraph, and notes lie in another part. All of them come into the flow as they are
shown, changes accepted.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn

from ingest.parsers import office_math

_CONTROL: Final = qn("w:sdt")
_WRAPS: Final = (
    *map(qn, ("w:ins", "w:moveTo", "w:smartTag", "w:customXml", "w:fldSimple", "w:dir", "w:bdo")),
    "{http://schemas.openxmlformats.org/officeDocument/2006/math}oMathPara",
)
_RUBY_BASE, _RUN = qn("w:rubyBase"), qn("w:r")
_GONE: Final = tuple(map(qn, ("w:del", "w:moveFrom", "w:lastRenderedPageBreak")))
_ROW, _ROW_PROPERTIES = qn("w:tr"), qn("w:trPr")
_PARAGRAPH, _BOX = qn("w:p"), qn("w:txbxContent")
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_CONTENTS: Final = "Table of Contents"
_NOTES: Final = (
    (RELATIONSHIP_TYPE.FOOTNOTES, qn("w:footnoteReference"), qn("w:footnote")),
    (RELATIONSHIP_TYPE.ENDNOTES, qn("w:endnoteReference"), qn("w:endnote")),
)


def place_notes(document: Any) -> bool:
    """Put each note after the paragraph that refers to it first; whether there was one."""
    places = []
    for relation, reference, note in _NOTES:
        notes = dict(_notes(document, relation, note))
        for mark in document.element.body.iter(reference):
            paragraph = next(mark.iterancestors(_PARAGRAPH), None)
            content = notes.pop(mark.get(qn("w:id")), None)
            if paragraph is not None and content is not None:
                places.append((paragraph, deepcopy(list(content.iterchildren(_PARAGRAPH)))))
    for paragraph, content in reversed(places):
        _move_after(paragraph, content)
    return bool(places)


def write_formulas(document: Any) -> bool:
    """Put the text of each formula in its place; whether there was one."""
    found = office_math.formulas(document.element.body)
    for formula in found:
        run, text = OxmlElement("w:r"), OxmlElement("w:t")
        more = formula.getnext()
        text.text = office_math.linear(formula)
        text.text += " " if more is not None and more.tag == formula.tag else ""
        run.append(text)
        _replace(formula, [run])
    return bool(found)


def unwrap(document: Any) -> bool:
    """Take text out of what it is wrapped in, and leave deleted text out; whether there was any."""
    body = document.element.body
    gone = [*body.iter(*_GONE), *body.iter(_FALLBACK)]
    for element in gone:
        _drop(element)
    controls = list(body.iter(_CONTROL))
    for control in controls:
        _open(control)
    wraps = list(body.iter(*_WRAPS))
    for wrap in wraps:
        _replace(wrap, list(wrap))
    bases = list(body.iter(_RUBY_BASE))
    for base in bases:
        _replace(next(base.iterancestors(_RUN), base), list(base))
    return bool(gone or controls or wraps or bases) | _empty_boxes(body)


def _notes(document: Any, relation: str, tag: str) -> Iterator[tuple[str | None, Any]]:
    for found in document.part.rels.values():
        if found.reltype == relation and not found.is_external:
            for note in parse_xml(found.target_part.blob).iter(tag):
                yield note.get(qn("w:id")), note


def _drop(element: Any) -> None:
    """Remove an element; in the properties of a table's row it says that the row is deleted."""
    parent = element.getparent()
    if parent is not None and parent.tag == _ROW_PROPERTIES:
        element = next(parent.iterancestors(_ROW), element)
    _replace(element, [])


def _open(control: Any) -> None:
    """Put the content of a control in its place, unless it is only a prompt or the contents."""
    properties, content = control.find(qn("w:sdtPr")), control.find(qn("w:sdtContent"))
    is_prompt = properties is not None and properties.find(qn("w:showingPlcHdr")) is not None
    gallery = None if properties is None else next(properties.iter(qn("w:docPartGallery")), None)
    is_contents = gallery is not None and gallery.get(qn("w:val")) == _CONTENTS
    _replace(control, [] if content is None or is_prompt or is_contents else list(content))


def _empty_boxes(body: Any) -> bool:
    """Put what stands in text boxes after the paragraph they hang on; the inner ones first."""
    boxes = list(body.iter(_BOX))
    for box in reversed(boxes):
        paragraph = next(box.iterancestors(_PARAGRAPH), None)
        if paragraph is not None:
            _move_after(paragraph, list(box))
    return bool(boxes)


def _move_after(place: Any, elements: list[Any]) -> None:
    for element in reversed(elements):
        place.addnext(element)


def _replace(element: Any, content: list[Any]) -> None:
    parent = element.getparent()
    if parent is None:
        return
    at = parent.index(element)
    parent[at : at + 1] = content
