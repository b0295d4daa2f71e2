"""Scans that lie on their side or head are read upright.

The recogniser tells: upright text it reads with a certainty of 0.96 and more, turned text with 0.7.
Lines of a page on its side are found as upright strips, which the library turns to the left before
it reads them; so their certainty tells which side the page lies on. Turning costs another reading.
"""

from dataclasses import dataclass

from PIL import Image

from ingest.parsers import seals
from ingest.parsers.ocr import Reader, Strip

_CERTAIN = 0.85
_BETTER = 0.1
_KEPT = 0.5  # certainty of a strip
_CHARACTERS_MIN = 10
_TALL = 1.5  # height over width
_TURNS = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)


@dataclass(frozen=True, slots=True)
class Reading:
    """What is written in a picture after `turns` quarters to the left; size in pixels then."""

    strips: list[Strip]
    turns: int
    width: int
    height: int

    def certainty(self) -> float:
        """Return the mean over all characters."""
        characters = sum(len(strip.text) for strip in self.strips)
        return sum(s.certainty * len(s.text) for s in self.strips) / max(characters, 1)

    def lies(self) -> bool:
        """Whether most characters stand in strips that are higher than wide."""
        tall = [s for s in self.strips if s.bottom - s.top > _TALL * (s.right - s.left)]
        return 2 * _characters(tall) > _characters(self.strips)


def upright(reader: Reader, picture: Image.Image) -> Reading:
    """Read a picture, turned if it has to be; what is hardly readable is left out."""
    found = _read(reader, picture, 0)
    turns = _turns_wanted(found)
    if turns:
        turned = _read(reader, picture, turns)
        if _is_better(turned, found):
            found = turned
    strips = [strip for strip in found.strips if strip.certainty >= _KEPT]
    return Reading(strips, found.turns, found.width, found.height)


def _read(reader: Reader, picture: Image.Image, turns: int) -> Reading:
    method = _TURNS[turns]
    shown = picture if method is None else picture.transpose(method)
    return Reading(seals.strips(reader, shown), turns, *shown.size)


def _turns_wanted(found: Reading) -> int:
    if _characters(found.strips) < _CHARACTERS_MIN:
        return 0
    certain = found.certainty() >= _CERTAIN
    if found.lies():
        return 1 if certain else 3
    return 0 if certain else 2


def _is_better(turned: Reading, found: Reading) -> bool:
    if found.lies() and found.certainty() >= _CERTAIN:
        return not turned.lies() and turned.certainty() >= _CERTAIN
    return turned.certainty() > found.certainty() + _BETTER


def _characters(strips: list[Strip]) -> int:
    return sum(len(strip.text) for strip in strips)
