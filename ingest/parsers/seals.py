"""Letters under red seals, which close Chinese contracts and letters: read without the seal.

A seal is printed over names and dates, and the recogniser then finds neither those nor the seal.
In the red channel of the picture red ink is as light as paper. What is red itself (the head of an
official letter, the words of a seal) is read in the picture as it is, around the red parts only.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from ingest.parsers.ocr import Reader, Strip

_COARSE: Final = 4  # pixels are looked at in squares of this side
_RED_MIN, _REDDER_MIN = 110, 50  # of 255: the red channel, and how far it is above the others
_SHARE: Final = (0.0005, 0.25)  # of the page: a small seal, and what is no page with seals
_PAPER_OVER_INK: Final = 0.85
_AROUND: Final = 7  # squares, odd
_MARGIN_PIXELS: Final = 60
_COVERED: Final = 0.2  # of a strip, by another
_SURE, _CHARACTERS_MIN = 0.8, 3  # less is a piece of the words around a seal's edge

_Squares = npt.NDArray[np.bool_]


def strips(reader: Reader, picture: Image.Image) -> list[Strip]:
    """Return what is written in an RGB picture, under seals as well.

    To see that there is none takes 10 ms.
    """
    red = _red(picture)
    low, high = _SHARE
    if not low <= red.mean() <= high:
        return reader.strips(picture)
    below = reader.strips(_without(picture, red))
    return below + [strip for strip in _of_red(reader, picture, red) if _is_new(strip, below)]


def _red(picture: Image.Image) -> _Squares:
    """Tell which squares of the picture are red."""
    channels = np.asarray(picture.reduce(_COARSE)).astype(np.int16)
    ink, others = channels[..., 0], channels[..., 1:].max(axis=2)
    found: _Squares = (ink >= _RED_MIN) & (ink - others >= _REDDER_MIN)
    return found


def _without(picture: Image.Image, red: _Squares) -> Image.Image:
    """Show the red channel around what is red, where the ink becomes paper."""
    channel = picture.getchannel("R")
    ink = float(np.median(np.asarray(channel.reduce(_COARSE))[red]))
    factor = 1 / (_PAPER_OVER_INK * ink / 255)
    light = channel.point([min(round(value * factor), 255) for value in range(256)])
    around = Image.fromarray(red).convert("L").filter(ImageFilter.MaxFilter(_AROUND))
    mask = around.resize(picture.size, Image.Resampling.NEAREST)
    cleaned = picture.copy()
    cleaned.paste(Image.merge("RGB", (light, light, light)), mask=mask)
    return cleaned


def _of_red(reader: Reader, picture: Image.Image, red: _Squares) -> list[Strip]:
    """Read the part of the picture that what is red lies in."""
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    left, top = (max(int(at[0]) * _COARSE - _MARGIN_PIXELS, 0) for at in (columns, rows))
    right = min((int(columns[-1]) + 1) * _COARSE + _MARGIN_PIXELS, picture.width)
    bottom = min((int(rows[-1]) + 1) * _COARSE + _MARGIN_PIXELS, picture.height)
    found = reader.strips(picture.crop((left, top, right, bottom)))
    return [_moved(strip, left, top) for strip in found]


def _moved(strip: Strip, left: int, top: int) -> Strip:
    return replace(
        strip,
        left=strip.left + left,
        top=strip.top + top,
        right=strip.right + left,
        bottom=strip.bottom + top,
        is_stamped=True,
    )


def _is_new(strip: Strip, others: list[Strip]) -> bool:
    """Whether a strip says something, and stands where nothing else was read."""
    if strip.certainty < _SURE or len(strip.text) < _CHARACTERS_MIN:
        return False
    return all(_common(strip, other) <= _COVERED for other in others)


def _common(strip: Strip, other: Strip) -> float:
    """Return the share of a strip that another covers."""
    width = min(strip.right, other.right) - max(strip.left, other.left)
    height = min(strip.bottom, other.bottom) - max(strip.top, other.top)
    area = (strip.right - strip.left) * (strip.bottom - strip.top)
    return max(width, 0) * max(height, 0) / max(area, 1)
