"""Which text of a PDF page cannot be seen on it, and so is not read.

Hidden is text that is drawn invisibly (rendering mode 3, or 7 which only clips), fully
transparent, smaller than a point, or in the colour of what lies under it. Text in mode 3 over a
picture that fills most of the page is the text layer of a scan: it says what the picture shows, and
is read. What is doubtful counts as visible, for a lost sentence does more harm than one that is
hard to see.
"""

import ctypes
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pypdfium2 import raw

_SCAN_SHARE_MIN: Final = 0.5
_POINTS_MIN: Final = 1.0
_GROUND_MIN: Final = 3.0  # points: a thinner thing is a rule, and hides no text
_COLOUR_STEPS_MAX: Final = 12  # of 255: nobody tells the two apart
_RECTANGLE_SEGMENTS: Final = (4, 5, 6)
_DEPTH_MAX: Final = 8
_OPAQUE: Final = 255
_WHITE: Final = (255, 255, 255)

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Ground:
    """Something painted on the page: its place, and its colour if it is one."""

    left: float
    bottom: float
    right: float
    top: float
    colour: Colour | None
    is_picture: bool

    @property
    def area(self) -> float:
        return max(0.0, self.right - self.left) * max(0.0, self.top - self.bottom)

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.bottom <= y <= self.top


def hidden_objects(page: Any) -> frozenset[int]:
    """Return the addresses of the page's text objects that cannot be seen."""
    return frozenset(_Reading(page).hidden())


def is_hidden(textpage: Any, index: int, hidden: frozenset[int]) -> bool:
    """Whether the character at `index` belongs to one of the `hidden` objects."""
    owner = raw.FPDFText_GetTextObject(textpage, index)
    return bool(owner) and _address(owner) in hidden


class _Reading:
    """One walk over a page's objects in the order they are painted.

    A page may have tens of thousands, so pdfium's answers go into the same few variables.
    """

    def __init__(self, page: Any) -> None:
        self._page = page
        self._grounds: list[_Ground] = []
        self._colours: set[Colour | None] = {_WHITE}
        self._alike: dict[Colour, bool] = {}
        self._place = [ctypes.c_float() for _ in range(4)]
        self._rgba = [ctypes.c_uint() for _ in range(4)]
        self._size = ctypes.c_float()
        self._matrix = raw.FS_MATRIX()
        self._drawn = ctypes.c_int(), ctypes.c_int()

    def hidden(self) -> Iterator[int]:
        """Yield the addresses of text objects that cannot be seen."""
        in_mode_3: list[int] = []
        for one, depth in _objects(self._page):
            if raw.FPDFPageObj_GetType(one) == raw.FPDF_PAGEOBJ_TEXT:
                mode = raw.FPDFTextObj_GetTextRenderMode(one)
                if mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE:
                    in_mode_3.append(_address(one))
                elif mode == raw.FPDF_TEXTRENDERMODE_CLIP or self._is_unseen(one, depth):
                    yield _address(one)
            elif depth == 0:
                self._paint(one)
        if not (in_mode_3 and self._is_scan()):
            yield from in_mode_3

    def _is_scan(self) -> bool:
        width, height = self._page.get_size()
        pictures = (ground.area for ground in self._grounds if ground.is_picture)
        return any(area >= _SCAN_SHARE_MIN * width * height for area in pictures)

    def _is_unseen(self, text: Any, depth: int) -> bool:
        colour = self._colour(text)
        if colour is None:
            return self._is_tiny(text)
        if colour[3] == 0 or self._is_tiny(text):
            return True
        # Within a form, places are the form's own.
        alike = depth == 0 and self._may_vanish(colour[:3])
        return alike and self._is_camouflaged(text, colour[:3])

    def _is_tiny(self, text: Any) -> bool:
        """By the font's size as it is seen; fonts that scale their glyphs, by their height."""
        if not raw.FPDFTextObj_GetFontSize(text, self._size):
            return False
        if not raw.FPDFPageObj_GetMatrix(text, self._matrix):
            return False
        scale = math.hypot(self._matrix.b, self._matrix.d)
        if abs(self._size.value) * scale >= _POINTS_MIN:
            return False
        place = self._bounds(text)
        return place is None or place[3] - place[1] < _POINTS_MIN

    def _is_camouflaged(self, text: Any, colour: Colour) -> bool:
        place = self._bounds(text)
        if place is None:
            return False
        x, y = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
        over = (one.colour for one in reversed(self._grounds) if one.holds(x, y))
        return _are_alike(colour, next(over, _WHITE))

    def _may_vanish(self, colour: Colour) -> bool:
        """Whether anything painted so far has nearly this colour."""
        known = self._alike.get(colour)
        if known is None:
            known = any(_are_alike(colour, painted) for painted in self._colours)
            self._alike[colour] = known
        return known

    def _paint(self, one: Any) -> None:
        """Note what an object lays on the page; a form, picture or odd shape has no one colour."""
        kind, colour = raw.FPDFPageObj_GetType(one), None
        if kind == raw.FPDF_PAGEOBJ_PATH:
            drawn = raw.FPDFPath_GetDrawMode(one, *self._drawn)
            if not drawn or self._drawn[0].value == raw.FPDF_FILLMODE_NONE:
                return
            painted = self._colour(one)
            if raw.FPDFPath_CountSegments(one) in _RECTANGLE_SEGMENTS and painted:
                colour = painted[:3] if painted[3] == _OPAQUE else None
        place = self._bounds(one)
        if place is not None and min(place[2] - place[0], place[3] - place[1]) >= _GROUND_MIN:
            self._grounds.append(_Ground(*place, colour, kind == raw.FPDF_PAGEOBJ_IMAGE))
            if colour not in self._colours:
                self._colours.add(colour)
                self._alike.clear()

    def _bounds(self, one: Any) -> tuple[float, float, float, float] | None:
        if not raw.FPDFPageObj_GetBounds(one, *self._place):
            return None
        left, bottom, right, top = (part.value for part in self._place)
        return left, bottom, right, top

    def _colour(self, one: Any) -> tuple[int, int, int, int] | None:
        if not raw.FPDFPageObj_GetFillColor(one, *self._rgba):
            return None
        red, green, blue, alpha = (part.value for part in self._rgba)
        return red, green, blue, alpha


def _are_alike(one: Colour, other: Colour | None) -> bool:
    return other is not None and all(
        abs(mine - theirs) <= _COLOUR_STEPS_MAX for mine, theirs in zip(one, other, strict=True)
    )


def _objects(page: Any) -> Iterator[tuple[Any, int]]:
    """Yield the page's objects in the order they are painted, with their depth in forms."""
    for index in range(raw.FPDFPage_CountObjects(page)):
        yield from _with_inner(raw.FPDFPage_GetObject(page, index), 0)


def _with_inner(one: Any, depth: int) -> Iterator[tuple[Any, int]]:
    yield one, depth
    if depth < _DEPTH_MAX and raw.FPDFPageObj_GetType(one) == raw.FPDF_PAGEOBJ_FORM:
        for index in range(raw.FPDFFormObj_CountObjects(one)):
            yield from _with_inner(raw.FPDFFormObj_GetObject(one, index), depth + 1)


def _address(one: Any) -> int:
    return ctypes.addressof(one.contents)
