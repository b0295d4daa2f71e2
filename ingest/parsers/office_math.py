"""Formulas of Office documents (OMML, ECMA-376 part 1, 22.1) as one line of text.

The form is that of Unicode Technical Note 28: (a+b)/2, x^2, x_(i+1), √(x), ∑_(i=1)^n i.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

_MATH: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}%s"
_VALUE: Final = _MATH % "val"
_FORMULA: Final = _MATH % "oMath"
_INTEGRAL: Final = "∫"
_GROUP: Final = "⏟"


def formulas(root: Any) -> list[Any]:
    """Return the formulas below `root`, none within another."""
    return [one for one in root.iter(_FORMULA) if next(one.iterancestors(_FORMULA), None) is None]


def linear(element: Any) -> str:
    """Write a formula, or a part of one, as text."""
    name = _name(element)
    if name == "r":
        return "".join(text.text or "" for text in element.iter(_MATH % "t"))
    write = _WRITERS.get(name)
    return _all(element) if write is None else write(element)


def _all(element: Any) -> str:
    return "".join(linear(child) for child in element if not _name(child).endswith("Pr"))


def _part(element: Any, name: str) -> str:
    found = element.find(_MATH % name)
    return "" if found is None else _all(found)


def _operand(element: Any, name: str) -> str:
    """Write a part in parentheses, unless it is one letter or number or has its own already."""
    found = element.find(_MATH % name)
    text = "" if found is None else _all(found).strip()
    is_one = len(text) < 2 or text.isdecimal() or _is_delimited(found)  # noqa: PLR2004 - a letter
    return text if is_one else f"({text})"


def _is_delimited(element: Any) -> bool:
    return [name for child in element if not (name := _name(child)).endswith("Pr")] == ["d"]


def _property(element: Any, group: str, name: str, default: str) -> str:
    found = element.find(f"{_MATH % group}/{_MATH % name}")
    return default if found is None else found.get(_VALUE, "")


def _scripts(element: Any, below: str = "sub", above: str = "sup") -> str:
    low, high = _operand(element, below), _operand(element, above)
    return (f"_{low}" if low else "") + (f"^{high}" if high else "")


def _fraction(element: Any) -> str:
    bar = "¦" if _property(element, "fPr", "type", "bar") == "noBar" else "/"
    return f"{_operand(element, 'num')}{bar}{_operand(element, 'den')}"


def _with_scripts(element: Any) -> str:
    return _operand(element, "e") + _scripts(element)


def _prescripts(element: Any) -> str:
    return _scripts(element) + _operand(element, "e")


def _radical(element: Any) -> str:
    degree = _operand(element, "deg")
    body = _part(element, "e")
    return f"√({degree}&{body})" if degree else f"√({body})"


def _large_operator(element: Any) -> str:
    sign = _property(element, "naryPr", "chr", _INTEGRAL)
    return f"{sign}{_scripts(element)} {_part(element, 'e')}"


def _delimited(element: Any) -> str:
    signs = (("begChr", "("), ("sepChr", "|"), ("endChr", ")"))
    first, between, last = (_property(element, "dPr", *sign) for sign in signs)
    return first + between.join(map(_all, element.findall(_MATH % "e"))) + last


def _function(element: Any) -> str:
    return f"{_part(element, 'fName')} {_part(element, 'e')}"


def _limit(element: Any) -> str:
    mark = "_" if _name(element) == "limLow" else "^"
    return f"{_operand(element, 'e')}{mark}{_operand(element, 'lim')}"


def _accented(element: Any) -> str:
    return _part(element, "e") + _property(element, "accPr", "chr", "\u0302")


def _grouped(element: Any) -> str:
    return _property(element, "groupChrPr", "chr", _GROUP) + f"({_part(element, 'e')})"


def _matrix(element: Any) -> str:
    rows = (row.findall(_MATH % "e") for row in element.findall(_MATH % "mr"))
    return "; ".join(" & ".join(map(_all, row)) for row in rows)


def _lines(element: Any) -> str:
    return "; ".join(map(_all, element.findall(_MATH % "e")))


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


_WRITERS: Final[Mapping[str, Callable[[Any], str]]] = {
    "f": _fraction,
    **dict.fromkeys(("sSup", "sSub", "sSubSup"), _with_scripts),
    "sPre": _prescripts,
    "rad": _radical,
    "nary": _large_operator,
    "d": _delimited,
    "func": _function,
    **dict.fromkeys(("limLow", "limUpp"), _limit),
    "acc": _accented,
    "groupChr": _grouped,
    "m": _matrix,
    "eqArr": _lines,
}
