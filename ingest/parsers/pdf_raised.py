"""Digits that stand raised, as marks of notes and powers do: 45.2¹ is not 45.21."""

import ctypes
import re
from collections.abc import Sequence
from typing import Any

from pypdfium2 import raw

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_AT_START = re.compile(r"\s*([0-9]+)\s?([^\s0-9])")
_DIGIT = re.compile(r"[0-9]")
_SMALLER = 0.85  # size over that of what stands beside it
_HIGHER = 0.15  # baseline above that of what stands beside it, in its size


def marked(textpage: Any, content: str, first: int, rectangles: Sequence[tuple[float, ...]]) -> str:
    """Write raised digits of a line as superscripts, behind a word or at the start of the line.

    `rectangles` are those of the line's runs: unless one is lower than another and stands higher,
    there is nothing to look for. Text that runs upwards is left as it is.
    """
    if not _is_uneven(rectangles):
        return content
    raised = {*_at_start(textpage, content, first), *_behind(textpage, content, first)}
    return "".join(
        character.translate(_SUPERSCRIPTS) if position in raised else character
        for position, character in enumerate(content)
    )


def _is_uneven(rectangles: Sequence[tuple[float, ...]]) -> bool:
    highest = max(top - bottom for _, top, _, bottom in rectangles)
    lowest = min(bottom for *_, bottom in rectangles)
    return any(
        top - bottom < _SMALLER * highest and bottom - lowest > _HIGHER * highest
        for _, top, _, bottom in rectangles
    )


def _at_start(textpage: Any, content: str, first: int) -> Sequence[int]:
    digits = _AT_START.match(content)
    if digits and _stands_above(textpage, first + digits.start(1), first + digits.start(2)):
        return range(*digits.span(1))
    return ()


def _behind(textpage: Any, content: str, first: int) -> set[int]:
    """Places of what is raised behind a character that is not: digits, and what joins them."""
    raised: set[int] = set()
    plain: int | None = None
    for position, character in enumerate(content):
        if character.isspace():
            plain = None
        elif (
            plain is not None
            and (position - 1 in raised or _DIGIT.match(character))
            and _stands_above(textpage, first + position, first + plain)
        ):
            raised.add(position)
        else:
            plain = position
    return raised


def _stands_above(textpage: Any, index: int, beside: int) -> bool:
    size, height = _size_and_baseline(textpage, index)
    beside_size, beside_height = _size_and_baseline(textpage, beside)
    return size <= _SMALLER * beside_size and height - beside_height >= _HIGHER * beside_size


def _size_and_baseline(textpage: Any, index: int) -> tuple[float, float]:
    """Size of a character and height of its baseline in points; the size is 0 if it is turned."""
    x, y, matrix = ctypes.c_double(), ctypes.c_double(), raw.FS_MATRIX()
    raw.FPDFText_GetCharOrigin(textpage, index, x, y)
    if not raw.FPDFText_GetMatrix(textpage, index, matrix) or matrix.b or matrix.c:
        return 0.0, y.value
    return float(raw.FPDFText_GetFontSize(textpage, index)) * abs(matrix.d), y.value
