"""Which text of a PDF page cannot be seen on it, and so is not read.

Hidden is text that is drawn invisibly (rendering mode 3, or 7 which only clips), fully
transparent, smaller than a point, or in the colour of what lies under it. Text in mode 3 over a
picture that fills most of the page is the text layer of a scan: it says what the picture shows, and
is read. What is doubtful counts as visible, for a lost sentence does more harm than one that is
hard to see.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pypdfium2 import raw

from ingest.parsers import pdf_calls
from ingest.parsers.pdf_objects import PageObject

_SCAN_SHARE_MIN: Final = 0.5
_POINTS_MIN: Final = 1.0
_GROUND_MIN: Final = 3.0  # points: a thinner thing is a rule, and hides no text
_COLOUR_STEPS_MAX: Final = 12  # of 255: nobody tells the two apart
_RECTANGLE_SEGMENTS: Final = (4, 5, 6)
_OPAQUE: Final = 255
_UNFILLED: Final = (None, raw.FPDF_FILLMODE_NONE)
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


def hidden_objects(page: Any, objects: Sequence[PageObject]) -> frozenset[int]:
    """Return the addresses of those text objects of the page that cannot be seen."""
    return frozenset(_Reading(page).hidden(objects))


def is_hidden(textpage: int, index: int, hidden: frozenset[int]) -> bool:
    """Whether the character at `index` belongs to one of the `hidden` objects."""
    return pdf_calls.owner(textpage, index) in hidden


class _Reading:
    """One walk over a page's objects in the order they are painted, of which there may be many."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._grounds: list[_Ground] = []
        self._colours: set[Colour | None] = {_WHITE}
        self._alike: dict[Colour, bool] = {}

    def hidden(self, objects: Sequence[PageObject]) -> Iterator[int]:
        """Yield the addresses of text objects that cannot be seen."""
        in_mode_3: list[int] = []
        for one, kind, depth in objects:
            if kind == raw.FPDF_PAGEOBJ_TEXT:
                mode = pdf_calls.render_mode(one)
                if mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE:
                    in_mode_3.append(one)
                elif mode == raw.FPDF_TEXTRENDERMODE_CLIP or self._is_unseen(one, depth):
                    yield one
            elif depth == 0:
                self._paint(one, kind)
        if not (in_mode_3 and self._is_scan()):
            yield from in_mode_3

    def _is_scan(self) -> bool:
        width, height = self._page.get_size()
        pictures = (ground.area for ground in self._grounds if ground.is_picture)
        return any(area >= _SCAN_SHARE_MIN * width * height for area in pictures)

    def _is_unseen(self, text: int, depth: int) -> bool:
        colour = pdf_calls.fill_colour(text)
        if colour is None:
            return _is_tiny(text)
        if colour[3] == 0 or _is_tiny(text):
            return True
        # Within a form, places are the form's own.
        alike = depth == 0 and self._may_vanish(colour[:3])
        return alike and self._is_camouflaged(text, colour[:3])

    def _is_camouflaged(self, text: int, colour: Colour) -> bool:
        place = pdf_calls.bounds(text)
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

    def _paint(self, one: int, kind: int) -> None:
        """Note what an object lays on the page; a form, picture or odd shape has no one colour."""
        colour = None
        if kind == raw.FPDF_PAGEOBJ_PATH:
            if pdf_calls.fill_mode(one) in _UNFILLED:
                return
            painted = pdf_calls.fill_colour(one)
            if pdf_calls.count_segments(one) in _RECTANGLE_SEGMENTS and painted:
                colour = painted[:3] if painted[3] == _OPAQUE else None
        place = pdf_calls.bounds(one)
        if place is not None and min(place[2] - place[0], place[3] - place[1]) >= _GROUND_MIN:
            self._grounds.append(_Ground(*place, colour, kind == raw.FPDF_PAGEOBJ_IMAGE))
            if colour not in self._colours:
                self._colours.add(colour)
                self._alike.clear()


def _is_tiny(text: int) -> bool:
    """By the font's size as it is seen; fonts that scale their glyphs, by their height."""
    size, matrix = pdf_calls.font_size(text), pdf_calls.matrix(text)
    if size is None or matrix is None:
        return False
    if abs(size) * math.hypot(matrix[1], matrix[3]) >= _POINTS_MIN:
        return False
    place = pdf_calls.bounds(text)
    return place is None or place[3] - place[1] < _POINTS_MIN


def _are_alike(one: Colour, other: Colour | None) -> bool:
    return other is not None and all(
        abs(mine - theirs) <= _COLOUR_STEPS_MAX for mine, theirs in zip(one, other, strict=True)
    )
