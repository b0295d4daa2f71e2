"""pdfium's functions that are called for every object and character, a million times a report.

Those of pypdfium2 make a pointer object of each address and check each argument against it. These
take addresses as plain numbers and write into memory that is used again, in half the time. They
keep Python's lock, and are for one thread at a time, as pdfium itself is.
"""

import ctypes
from collections.abc import Callable
from ctypes import c_double, c_float, c_int, c_uint, c_void_p
from typing import Any, Final

from pypdfium2 import raw

Quad = tuple[float, float, float, float]


def address(handle: Any) -> int:
    """Return the address that a pointer or helper object of pypdfium2 stands for."""
    return ctypes.cast(getattr(handle, "raw", handle), c_void_p).value or 0


def _plain(function: Any, result: type[Any], *arguments: type[Any]) -> Callable[..., Any]:
    pointer = ctypes.cast(function, c_void_p).value
    call: Callable[..., Any] = ctypes.PYFUNCTYPE(result, *arguments)(pointer or 0)
    return call


class _Numbers:
    """Numbers of one kind, side by side: where pdfium writes each, and how they are read."""

    def __init__(self, kind: type[Any], count: int) -> None:
        numbers = (kind * count)()
        size, start = ctypes.sizeof(kind), ctypes.addressof(numbers)
        self.places = [start + size * place for place in range(count)]
        self.read: Callable[[], list[Any]] = memoryview(numbers).cast("B").cast(kind._type_).tolist


page_count: Final = _plain(raw.FPDFPage_CountObjects, c_int, c_void_p)
page_object: Final = _plain(raw.FPDFPage_GetObject, c_void_p, c_void_p, c_int)
form_count: Final = _plain(raw.FPDFFormObj_CountObjects, c_int, c_void_p)
form_object: Final = _plain(raw.FPDFFormObj_GetObject, c_void_p, c_void_p, c_int)
kind_of: Final = _plain(raw.FPDFPageObj_GetType, c_int, c_void_p)
render_mode: Final = _plain(raw.FPDFTextObj_GetTextRenderMode, c_int, c_void_p)
owner: Final = _plain(raw.FPDFText_GetTextObject, c_void_p, c_void_p, c_int)

_bounds = _plain(raw.FPDFPageObj_GetBounds, c_int, *[c_void_p] * 5)
_fill = _plain(raw.FPDFPageObj_GetFillColor, c_int, *[c_void_p] * 5)
_draw_mode = _plain(raw.FPDFPath_GetDrawMode, c_int, *[c_void_p] * 3)
count_segments: Final = _plain(raw.FPDFPath_CountSegments, c_int, c_void_p)
_font_size = _plain(raw.FPDFTextObj_GetFontSize, c_int, c_void_p, c_void_p)
_matrix = _plain(raw.FPDFPageObj_GetMatrix, c_int, c_void_p, c_void_p)
_character_box = _plain(raw.FPDFText_GetCharBox, c_int, c_void_p, c_int, *[c_void_p] * 4)
_count_runs = _plain(raw.FPDFText_CountRects, c_int, c_void_p, c_int, c_int)
_run = _plain(raw.FPDFText_GetRect, c_int, c_void_p, c_int, *[c_void_p] * 4)

_floats, _colours, _size = _Numbers(c_float, 4), _Numbers(c_uint, 4), _Numbers(c_float, 1)
_matrices, _doubles, _modes = _Numbers(c_float, 6), _Numbers(c_double, 4), _Numbers(c_int, 2)


def bounds(one: int) -> Quad | None:
    """Left, bottom, right and top of an object."""
    return tuple(_floats.read()) if _bounds(one, *_floats.places) else None


def fill_colour(one: int) -> tuple[int, int, int, int] | None:
    """Red, green, blue and opacity, up to 255, that an object is filled with."""
    return tuple(_colours.read()) if _fill(one, *_colours.places) else None


def fill_mode(path: int) -> int | None:
    """How a path is filled, `FPDF_FILLMODE_...`."""
    return _modes.read()[0] if _draw_mode(path, *_modes.places) else None


def font_size(text: int) -> float | None:
    """Return the size of a text object's font before its matrix."""
    return _size.read()[0] if _font_size(text, *_size.places) else None


def matrix(one: int) -> list[float] | None:
    """Return the numbers a to f that place an object."""
    return _matrices.read() if _matrix(one, _matrices.places[0]) else None


def character_box(textpage: int, index: int) -> list[float]:
    """Left, right, bottom and top of a character in page space, nothing but 0 if it has none."""
    return _doubles.read() if _character_box(textpage, index, *_doubles.places) else [0.0] * 4


def runs(textpage: int, first: int, count: int) -> list[Quad]:
    """Left, top, right and bottom of the runs of so many characters, in page space."""
    return [
        tuple(_doubles.read())
        for number in range(_count_runs(textpage, first, count))
        if _run(textpage, number, *_doubles.places)
    ]
