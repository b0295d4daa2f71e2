"""Bring what PowerPoint wraps for older programs, and formulas, where the libraries look for text.

A shape with a formula (and other newer things) stands in `mc:AlternateContent` beside a picture of
itself; python-pptx sees neither.
"""

from typing import Any, Final

from lxml import etree

from ingest.parsers import office_math

_MAIN: Final = "{http://schemas.openxmlformats.org/drawingml/2006/main}%s"
_WRAPPED: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_SHAPES: Final = ("}spTree", "}grpSp")


def unwrap(slide: Any) -> bool:
    """Change a slide of python-pptx to plain shapes and text; whether there was anything to do."""
    tree = slide._element
    wrapped = [one for one in tree.iter(_WRAPPED) if one.getparent().tag.endswith(_SHAPES)]
    for one in wrapped:
        choice = one.find("{*}Choice")
        for shape in [] if choice is None else list(choice):
            one.addprevious(shape)
        one.getparent().remove(one)
    return bool(wrapped) | _write_formulas(tree)


def _write_formulas(tree: Any) -> bool:
    found = office_math.formulas(tree)
    for formula in found:
        paragraph = next(formula.iterancestors(_MAIN % "p"), None)
        if paragraph is not None:
            run = etree.SubElement(paragraph, _MAIN % "r")
            etree.SubElement(run, _MAIN % "t").text = office_math.linear(formula)
            holder = next(one for one in (formula, *formula.iterancestors()) if one in paragraph)
            holder.addprevious(run)
    return bool(found)
