"""Pictures inside packages (Office, EPUB): which ones OCR has to read, and how they look.

A parser puts a `draft` where a picture stands; `admitted` turns it into a block that names the
picture by the number of its entry in the package, so that another process finds it.
"""

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

from PIL import Image

from ingest.blocks import Block
from ingest.errors import DocumentDamaged
from ingest.parsers import package, picture
from ingest.settings import ParseLimits
from retrieval.corpus import Box

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP")
WHOLE = (0.0, 0.0, 1.0, 1.0)
"""Left, top, right and bottom of what is shown of a picture, in fractions of its size."""

Edges = tuple[float, float, float, float]


def draft(name: str, shown: Edges = WHOLE, page: int | None = None) -> Block:
    """Make the block of a picture whose entry in the package has this name."""
    return Block("picture", name.lstrip("/"), page=page, boxes=(Box(1, *_within(shown)),))


def admitted(blocks: Iterable[Block], path: Path, limits: ParseLimits) -> Iterator[Block]:
    """Number the drafts among the blocks, leaving out icons and what is too large or unreadable."""
    numbers: dict[str, int] = {}
    for block in blocks:
        if block.kind != "picture":
            yield block
            continue
        numbers = numbers or _numbers(path)
        number = numbers.get(block.text)
        if number and _is_readable(path, block, limits):
            [shown] = block.boxes
            yield replace(block, text="", boxes=(replace(shown, page=number),))


def is_readable(file: IO[bytes], limits: ParseLimits, share: float = 1.0) -> bool:
    """Whether OCR is to read a picture of which so much is shown; its head alone is looked at."""
    try:
        with picture.opened(file, _FORMATS) as found:
            pixels = found.width * found.height
    except DocumentDamaged:
        return False
    return pixels <= limits.picture_pixels_max and pixels * share >= limits.ocr_picture_pixels_min


def pictures(
    path: Path, wanted: Iterable[Box], limits: ParseLimits
) -> Iterator[Image.Image | None]:
    """Yield what is shown of pictures, None for one that is damaged.

    Raises:
        DocumentDamaged: the package itself is.
    """
    with package.opened(path) as parts:
        entries = parts.infolist()
        for box in wanted:
            yield _cut(parts, entries[box.page - 1].filename, box, limits)


def unpacked(file: IO[bytes], limits: ParseLimits) -> Image.Image | None:
    """Return a picture as it is to be looked at, None for one that is damaged or too large."""
    try:
        with picture.opened(file, _FORMATS) as found:
            if found.width * found.height > limits.picture_pixels_max:
                return None
            return picture.upright(found)
    except (DocumentDamaged, zipfile.BadZipFile):
        return None


def _cut(parts: zipfile.ZipFile, name: str, box: Box, limits: ParseLimits) -> Image.Image | None:
    with parts.open(name) as file:
        whole = unpacked(file, limits)
    if whole is None:
        return None
    left, right = (round(edge * whole.width) for edge in (box.left, box.right))
    top, bottom = (round(edge * whole.height) for edge in (box.top, box.bottom))
    return whole.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def _numbers(path: Path) -> dict[str, int]:
    with package.opened(path) as parts:
        return {name: number for number, name in enumerate(parts.namelist(), start=1)}


def _is_readable(path: Path, block: Block, limits: ParseLimits) -> bool:
    [shown] = block.boxes
    share = (shown.right - shown.left) * (shown.bottom - shown.top)
    with package.opened(path) as parts, parts.open(block.text) as file:
        return is_readable(file, limits, share)


def _within(shown: Edges) -> Edges:
    """Bring edges into the picture; a crop that leaves nothing is no crop."""
    left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in shown)
    return (left, top, right, bottom) if left < right and top < bottom else WHOLE
