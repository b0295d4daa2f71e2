"""Picture files (PNG, JPEG, TIFF, WebP): each picture is a page that is to be read by OCR."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps, ImageSequence

from ingest.blocks import ParsedDocument
from ingest.errors import DocumentDamaged, DocumentTooLarge, PictureTooLarge
from ingest.settings import ParseLimits

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")
_SIDE_PIXELS_MAX = 4096  # a page at 350 dots per inch; more tells the recogniser nothing
_WHITE = (255, 255, 255)


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:
    """Count the pictures; all of them are unread pages.

    Raises:
        PictureTooLarge: more pixels than allowed; none has been unpacked.
        DocumentTooLarge: more pictures than pages are allowed.
        DocumentDamaged.
    """
    with path.open("rb") as file, opened(file) as picture:
        count = 0
        for frame in _frames(picture):
            _admit(frame, limits)
            count += 1
            if count > limits.pages_max:
                raise DocumentTooLarge
    return ParsedDocument(None, (), count, None, tuple(range(1, count + 1)))


def pictures(
    path: Path, numbers: Sequence[int], limits: ParseLimits
) -> Iterator[tuple[int, Image.Image]]:
    """Yield pages (from 1) as they are to be looked at: upright, RGB, on white.

    Raises:
        PictureTooLarge, DocumentDamaged.
    """
    wanted = frozenset(numbers)
    with path.open("rb") as file, opened(file) as picture:
        for number, frame in enumerate(_frames(picture), start=1):
            if number in wanted:
                _admit(frame, limits)
                yield number, upright(frame)


@contextmanager
def opened(file: IO[bytes], formats: tuple[str, ...] = _FORMATS) -> Iterator[Image.Image]:
    """Open a picture without unpacking it; whatever Pillow raises on it means damage.

    Raises:
        DocumentDamaged.
    """
    Image.MAX_IMAGE_PIXELS = None  # `_admit` is stricter, and an error rather than a warning
    try:
        with Image.open(file, formats=formats) as picture:
            yield picture
    except (OSError, SyntaxError, ValueError, ArithmeticError, LookupError) as error:
        raise DocumentDamaged from error


def _frames(picture: Image.Image) -> Iterator[Image.Image]:
    """Only a TIFF has pages; the frames of an animation are one picture."""
    return ImageSequence.Iterator(picture) if picture.format == "TIFF" else iter([picture])


def _admit(picture: Image.Image, limits: ParseLimits) -> None:
    if picture.width * picture.height > limits.picture_pixels_max:
        raise PictureTooLarge


def upright(picture: Image.Image) -> Image.Image:
    """Return a picture as it is to be looked at: turned as its EXIF says, RGB, on white."""
    picture.draft("RGB", (_SIDE_PIXELS_MAX, _SIDE_PIXELS_MAX))  # JPEG: shrink while unpacking
    upright = ImageOps.exif_transpose(picture)
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        sheet = Image.new("RGB", upright.size, _WHITE)
        sheet.paste(upright, mask=upright.getchannel("A"))
        upright = sheet
    elif upright.mode.startswith("I;16") or upright.mode in ("I", "F"):
        upright = _eight_bits(upright)
    upright = upright.convert("RGB")
    upright.thumbnail((_SIDE_PIXELS_MAX, _SIDE_PIXELS_MAX))
    return upright


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Stretch 16-bit and floating grey from its darkest to its lightest, as converting clips it."""
    values = np.asarray(picture, dtype=np.float32)
    low, span = values.min(), np.ptp(values) or 1.0
    return Image.fromarray(((values - low) * (255 / span)).astype(np.uint8))
