"""Take out the runs of a Word document that nobody who reads it sees.

Hidden are runs marked as such (`w:vanish`, in the run or in a style it uses), smaller than a point
or two, or white where nothing lies behind them: no shading of the run, paragraph or cell, no table
style, no drawing.
"""

from typing import Any, Final

from docx.oxml.ns import qn

_HALF_POINTS_MIN: Final = 3
_WHITE: Final = frozenset({"FFFFFF", "FEFEFE", "FDFDFD", "FCFCFC"})
_BACKED: Final = (qn("w:tblStyle"), qn("w:txbxContent"))
_NO_FILL: Final = frozenset({None, "auto", "FFFFFF"})
_OFF: Final = frozenset({"0", "false", "off"})


def remove_hidden(document: Any) -> bool:
    """Take the hidden runs out of a document of python-docx; whether there was one."""
    body, styles = document.element.body, _hiding_styles(document)
    backed = document.element.find(qn("w:background")) is not None
    runs = [run for run in body.iter(qn("w:r")) if _is_hidden(run, styles, backed=backed)]
    for run in runs:
        run.getparent().remove(run)
    return bool(runs)


def _is_hidden(run: Any, styles: frozenset[str], *, backed: bool) -> bool:
    own = run.find(qn("w:rPr"))
    vanish = _switch(own)
    if vanish is not None:
        return vanish
    if _used_styles(run, own) & styles:
        return True
    if own is None:
        return False
    size = _value(own, "w:sz")
    if size is not None and size.isdigit() and int(size) < _HALF_POINTS_MIN:
        return True
    white = (_value(own, "w:color") or "").upper() in _WHITE
    return white and not backed and not _lies_on_something(run, own)


def _switch(properties: Any) -> bool | None:
    """Read `w:vanish`: on, off, or not said."""
    found = None if properties is None else properties.find(qn("w:vanish"))
    return None if found is None else found.get(qn("w:val")) not in _OFF


def _used_styles(run: Any, own: Any) -> set[str]:
    paragraph = next(run.iterancestors(qn("w:p")), None)
    properties = None if paragraph is None else paragraph.find(qn("w:pPr"))
    names = (_value(own, "w:rStyle"), _value(properties, "w:pStyle"))
    return {name for name in names if name}


def _lies_on_something(run: Any, own: Any) -> bool:
    if own.find(qn("w:highlight")) is not None or _is_filled(own):
        return True
    for around in run.iterancestors():
        if around.tag in _BACKED:
            return True
        for properties in ("w:pPr", "w:tcPr", "w:trPr", "w:tblPr"):
            found = around.find(qn(properties))
            if found is not None and (_is_filled(found) or found.find(_BACKED[0]) is not None):
                return True
    return False


def _is_filled(properties: Any) -> bool:
    shading = properties.find(qn("w:shd"))
    return shading is not None and shading.get(qn("w:fill")) not in _NO_FILL


def _hiding_styles(document: Any) -> frozenset[str]:
    """Name the styles that hide their text, themselves or through the one they are based on."""
    based, hiding = {}, set()
    for style in document.styles.element.iter(qn("w:style")):
        name = style.get(qn("w:styleId"))
        vanish = _switch(style.find(qn("w:rPr")))
        if vanish:
            hiding.add(name)
        elif vanish is None:
            based[name] = _value(style, "w:basedOn")
    for _ in based:
        more = {name for name, parent in based.items() if parent in hiding} - hiding
        if not more:
            break
        hiding |= more
    return frozenset(hiding)


def _value(properties: Any, name: str) -> str | None:
    found = None if properties is None else properties.find(qn(name))
    return None if found is None else found.get(qn("w:val"))
