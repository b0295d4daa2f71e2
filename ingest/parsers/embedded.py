"""Pictures inside packages (Office, EPUB): which ones OCR has to read, and how they look.

A parser puts a `draft` where a picture stands; `document` turns it into a block that names the
picture by the number of its entry in the package, so that another process finds it.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

from PIL import Image

from ingest.blocks import Block, ParsedDocument
from ingest.errors import DocumentDamaged, PictureTooLarge, PictureUnreadable
from ingest.omissions import omitted
from ingest.parsers import building, package, picture, vectors
from ingest.parsers.metafiles import Metafile
from ingest.settings import ParseLimits
from retrieval.corpus import Box

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP")
WHOLE = (0.0, 0.0, 1.0, 1.0)
"""Left, top, right and bottom of what is shown of a picture, in fractions of its size."""

Edges = tuple[float, float, float, float]


def draft(name: str, shown: Edges = WHOLE, page: int | None = None) -> Block:
    """Make the block of a picture whose entry in the package has this name."""
    return Block("picture", name.lstrip("/"), page=page, boxes=(Box(1, *_within(shown)),))


def document(
    blocks: Iterable[Block],
    path: Path,
    limits: ParseLimits,
    title: str | None = None,
    page_count: int | None = None,
) -> ParsedDocument:
    """Build the document of a package from blocks and drafts.

    Pictures are left to OCR, but for icons; drawings become their text. What is too large, or of a
    kind that nobody here can read, is an omission.

    Raises:
        DocumentDamaged.
    """
    found = _Drafts(path, limits)
    built = building.document(found.placed(blocks), title, page_count)
    return replace(built, omissions=omitted("pictures", found.unread))


class _Drafts:
    """Turns drafts into blocks, and keeps the code of what each picture is not read for."""

    def __init__(self, path: Path, limits: ParseLimits) -> None:
        self.unread: list[str] = []
        self._path, self._limits = path, limits
        self._numbers: dict[str, int] = {}
        self._drawings: set[str] = set()

    def placed(self, blocks: Iterable[Block]) -> Iterator[Block]:
        for block in blocks:
            if block.kind != "picture":
                yield block
            elif number := self._number(block.text):
                yield from self._read(block, number)

    def _number(self, name: str) -> int | None:
        if not self._numbers:
            with package.opened(self._path) as parts:
                self._numbers = {one: at for at, one in enumerate(parts.namelist(), start=1)}
        return self._numbers.get(name)

    def _read(self, block: Block, number: int) -> Iterator[Block]:
        if block.text in self._drawings:
            return
        [shown] = block.boxes
        share = (shown.right - shown.left) * (shown.bottom - shown.top)
        numbered = replace(block, text="", boxes=(replace(shown, page=number),))
        with package.opened(self._path) as parts, parts.open(block.text) as file:
            pixels = _pixels(file)
            if pixels is None:
                self._drawings.add(block.text)
                file.seek(0)
                yield from self._drawn(vectors.read(file), numbered)
            elif pixels > self._limits.picture_pixels_max:
                self._drawings.add(block.text)
                self.unread.append(PictureTooLarge.code)
            elif pixels * share >= self._limits.ocr_picture_pixels_min:
                yield numbered

    def _drawn(self, drawing: Metafile | None, numbered: Block) -> Iterator[Block]:
        """Make a block of what a drawing says or holds; each is read once.

        One without letters, as most logos are, says nothing, like a photograph.
        """
        if drawing is not None and drawing.text.strip():
            yield Block("text", drawing.text, page=numbered.page)
        elif drawing is not None and drawing.bitmap is not None:
            if is_readable(io.BytesIO(drawing.bitmap), self._limits):
                yield numbered
        elif drawing is None or drawing.has_glyphs:
            self.unread.append(PictureUnreadable.code)


def is_readable(file: IO[bytes], limits: ParseLimits) -> bool:
    """Whether OCR is to read a picture; its head alone is looked at."""
    pixels = _pixels(file)
    return (
        pixels is not None and limits.ocr_picture_pixels_min <= pixels <= limits.picture_pixels_max
    )


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
    """Return a picture as it is to be looked at, None for one that is damaged or too large.

    Of a drawing it is the bitmap that it holds.
    """
    try:
        with picture.opened(file, _FORMATS) as found:
            if found.width * found.height > limits.picture_pixels_max:
                return None
            return picture.upright(found)
    except zipfile.BadZipFile:
        return None
    except DocumentDamaged:
        file.seek(0)
        drawing = vectors.read(file)
    held = None if drawing is None else drawing.bitmap
    return None if held is None else unpacked(io.BytesIO(held), limits)


def _pixels(file: IO[bytes]) -> int | None:
    """Return width times height of a picture, from its head; None of what is none."""
    try:
        with picture.opened(file, _FORMATS) as found:
            return found.width * found.height
    except DocumentDamaged:
        return None


def _cut(parts: zipfile.ZipFile, name: str, box: Box, limits: ParseLimits) -> Image.Image | None:
    with parts.open(name) as file:
        whole = unpacked(file, limits)
    if whole is None:
        return None
    left, right = (round(edge * whole.width) for edge in (box.left, box.right))
    top, bottom = (round(edge * whole.height) for edge in (box.top, box.bottom))
    return whole.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def _within(shown: Edges) -> Edges:
    """Bring edges into the picture; a crop that leaves nothing is no crop."""
    left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in shown)
    return (left, top, right, bottom) if left < right and top < bottom else WHOLE
