"""A scan is turned when that makes it readable, and only then."""

from dataclasses import replace

import pytest
from PIL import Image

from ingest.parsers.ocr import Reader, Strip
from ingest.parsers.scan_turns import upright

PAGE = Image.new("RGB", (30, 40), "white")
PAGE.putpixel((0, 0), (0, 0, 0))  # the corner by which the reader knows how it is turned
CORNERS = {(0, 0): 0, (0, -1): 1, (-1, -1): 2, (-1, 0): 3}
WORDS = Strip("all the words of a page", 2, 2, 28, 5, 3, certainty=0.97)
SMUDGE = Strip("x", 2, 9, 3, 10, 1, certainty=0.2)
GARBLED = replace(WORDS, certainty=0.7)
LYING = replace(WORDS, left=2.0, top=2.0, right=5.0, bottom=28.0)


class Turned(Reader):
    """Reads a page that has to be turned `wanted` quarters to the left, as the models do."""

    def __init__(self, wanted: int, *, readable: bool = True) -> None:
        self._wanted = wanted
        self._readable = readable
        self.readings = 0

    def strips(self, picture: Image.Image) -> list[Strip]:
        self.readings += 1
        right, bottom = picture.width - 1, picture.height - 1
        [now] = [
            turns
            for (x, y), turns in CORNERS.items()
            if picture.getpixel((right * -x, bottom * -y)) == (0, 0, 0)
        ]
        strip = [WORDS, LYING, GARBLED, replace(LYING, certainty=0.7)][(self._wanted - now) % 4]
        return [strip if self._readable else replace(strip, certainty=0.7), SMUDGE]


@pytest.mark.parametrize("wanted", range(4))
def test_a_page_is_read_upright_however_it_lies(wanted: int) -> None:
    reader = Turned(wanted)
    reading = upright(reader, PAGE)
    assert (reading.turns, reading.strips) == (wanted, [WORDS])
    assert (reading.width, reading.height) == ((40, 30) if wanted % 2 else (30, 40))
    assert reader.readings == (2 if wanted else 1)


@pytest.mark.parametrize("wanted", range(4))
def test_what_cannot_be_read_either_way_stays_as_it_lies(wanted: int) -> None:
    assert upright(Turned(wanted, readable=False), PAGE).turns == 0


def test_a_few_characters_are_not_turned() -> None:
    class Few(Turned):
        def strips(self, picture: Image.Image) -> list[Strip]:
            self.readings += 1
            return [SMUDGE]

    reader = Few(0)
    assert upright(reader, PAGE).strips == []
    assert reader.readings == 1
