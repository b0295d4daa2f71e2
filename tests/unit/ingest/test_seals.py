"""What a red seal covers is read, and what is red itself as well; other pages are read once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw

from ingest.parsers import scan_lines, seals
from ingest.parsers.ocr import Reader, Strip
from ingest.parsers.scan_turns import Reading

SCAN = Path(__file__).parents[2] / "golden" / "scans" / "chinese.png"
RED, BLACK = (205, 30, 35), (20, 20, 20)
COVERED = Strip("under the seal", 100, 300, 300, 320, 20)


def page(*, red: bool = True) -> Image.Image:
    """A black line, crossed by a red disc where there is one."""
    picture = Image.new("RGB", (400, 600), "white")
    if red:
        ImageDraw.Draw(picture).ellipse((150, 260, 250, 360), fill=RED)
    line = Image.new("RGB", picture.size, "white")
    ImageDraw.Draw(line).rectangle((100, 305, 300, 315), fill=BLACK)
    return ImageChops.multiply(picture, line)


class Looking(Reader):
    """Remembers what it was shown; says what the place it sees says."""

    def __init__(self, say: Callable[[Image.Image], list[Strip]]) -> None:
        self.shown: list[Image.Image] = []
        self._say = say

    def strips(self, picture: Image.Image) -> list[Strip]:
        self.shown.append(picture)
        return self._say(picture)


def test_a_page_without_red_is_read_once_as_it_is() -> None:
    reader, picture = Looking(lambda _: [COVERED]), page(red=False)
    assert seals.strips(reader, picture) == [COVERED]
    assert reader.shown == [picture]


def test_a_poster_is_no_page_with_a_seal() -> None:
    reader, picture = Looking(lambda _: []), Image.new("RGB", (400, 600), RED)
    seals.strips(reader, picture)
    assert reader.shown == [picture]


def test_red_ink_becomes_paper_and_what_it_covers_stays() -> None:
    reader = Looking(lambda _: [])
    seals.strips(reader, page())
    assert reader.shown[0].size == (400, 600)
    assert reader.shown[0].getpixel((200, 280)) == (255, 255, 255)
    assert max(reader.shown[0].getpixel((200, 310))) < 40
    assert reader.shown[1].size[0] < 400  # only what is around the red


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        (Strip("VOID", 60, 70, 140, 90, 20), True),
        (Strip("VOID", 60, 110, 140, 130, 20), False),  # where the black line was read
        (Strip("VOID", 60, 70, 140, 90, 20, certainty=0.7), False),
        (Strip("VO", 60, 70, 140, 90, 20), False),
    ],
)
def test_what_is_red_is_added_where_nothing_else_was_read(found: Strip, kept: bool) -> None:
    reader = Looking(lambda seen: [COVERED] if seen.width == 400 else [found])
    *_, last = strips = seals.strips(reader, page())
    assert len(strips) == 1 + kept
    if kept:
        assert (last.is_stamped, last.height) == (True, 20)
        assert (last.left, last.top) != (found.left, found.top)
        assert last.right - last.left == 80


def test_a_stamp_is_in_no_row_with_others() -> None:
    stamp = Strip("VOID", 320, 300, 390, 320, 20, is_stamped=True)
    laid = scan_lines.page(1, Reading([COVERED, stamp], 0, 400, 600))
    assert sorted(line.text for line in laid.lines) == ["VOID", "under the seal"]


def test_the_models_read_a_line_under_a_seal() -> None:
    with Image.open(SCAN) as scan:
        picture = scan.convert("RGB")
    reader = Reader(threads=1, side_pixels_max=1280)
    clear = reader.strips(picture)
    covered = max(clear, key=lambda strip: len(strip.text))
    ring = Image.new("RGB", picture.size, "white")
    middle = (covered.left + covered.right) / 2, covered.top
    for radius in range(8, 120, 16):
        ImageDraw.Draw(ring).circle(middle, radius, outline=RED, width=7)
    sealed = ImageChops.multiply(picture, ring)
    assert covered.text not in {strip.text for strip in reader.strips(sealed)}
    assert covered.text in {strip.text for strip in seals.strips(reader, sealed)}
