"""Texts of Windows metafiles, enhanced [MS-EMF] and old [MS-WMF], and the largest picture in them.

Office draws with them what was pasted from another program: charts, tables, screenshots. Only the
records that write text or copy a bitmap are looked at; text is put into lines by where it stands.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ingest.parsers import wmf
from ingest.parsers.metafile_text import Piece, lines

_ENHANCED: Final = b" EMF"
_TEXT_A, _TEXT_W, _SMALL_TEXT = 83, 84, 108
_POLY_A, _POLY_W = 96, 97
_STRETCH_DIB, _SET_DIB, _BIT_BLT, _STRETCH_BLT = 81, 80, 76, 77
_COMMENT: Final = 70
_GLYPHS, _NO_BOUNDS, _ONE_BYTE = 0x10, 0x100, 0x200
_OPTIONS: Final = {_TEXT_A: 52, _TEXT_W: 52, _POLY_A: 56, _POLY_W: 56, _SMALL_TEXT: 20}
"""Where a record that writes says how; of several texts, where the first does."""
_PLUS, _PLUS_STRING = b"EMF+", 0x401C
_BITMAPS: Final = {_STRETCH_DIB: 48, _SET_DIB: 48, _BIT_BLT: 84, _STRETCH_BLT: 84}
"""Where a record says where its bitmap lies: offset and size of the header, then of the pixels."""

Record = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Metafile:
    """What can be read in a metafile; `bitmap` is a BMP file.

    `has_glyphs`: it writes with the numbers of a font's glyphs, which only that font can read.
    """

    text: str
    bitmap: bytes | None
    has_glyphs: bool = False


def read(data: bytes) -> Metafile | None:
    """Read a metafile; None of what is none. What is cut off counts as far as it goes."""
    if data[40:44] == _ENHANCED:
        pieces = _pieces(_records(data)) or _plus_pieces(_records(data))
        has_glyphs = any(_is_of_glyphs(*record) for record in _records(data))
        return Metafile(lines(pieces), _largest(_bitmaps(_records(data))), has_glyphs)
    if wmf.is_one(data):
        return Metafile(lines(wmf.pieces(data)), _largest(wmf.bitmaps(data)))
    return None


def _records(data: bytes) -> Iterator[Record]:
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<2I", data, at)
        if size < 8 or at + size > len(data):  # noqa: PLR2004 - its own two numbers
            return
        yield kind, data[at : at + size]
        at += size


def _pieces(records: Iterable[Record]) -> list[Piece]:
    return [piece for kind, record in records for piece in _written(kind, record)]


def _written(kind: int, record: bytes) -> Iterator[Piece]:
    try:
        if kind in (_TEXT_A, _TEXT_W):
            yield from _text(record, 36, wide=kind == _TEXT_W)
        elif kind in (_POLY_A, _POLY_W):
            [count] = struct.unpack_from("<I", record, 36)
            for number in range(min(count, len(record) // 40)):
                yield from _text(record, 40 + 40 * number, wide=kind == _POLY_W)
        elif kind == _SMALL_TEXT:
            yield from _small_text(record)
    except struct.error:
        return


def _is_of_glyphs(kind: int, record: bytes) -> bool:
    place = _OPTIONS.get(kind)
    if place is None or len(record) < place + 4:
        return False
    [options] = struct.unpack_from("<I", record, place)
    return bool(options & _GLYPHS)


def _text(record: bytes, at: int, *, wide: bool) -> Iterator[Piece]:
    x, y, count, offset, options = struct.unpack_from("<2i3I", record, at)
    [widths] = struct.unpack_from("<I", record, at + 36)
    if options & _GLYPHS:
        return
    text = _decoded(record[offset : offset + count * (1 + wide)], wide=wide)
    advances = record[widths : widths + 4 * count] if widths else b""
    whole = len(advances) == 4 * count and count
    yield Piece(x, y, text, x + sum(struct.unpack(f"<{count}I", advances)) if whole else None)


def _small_text(record: bytes) -> Iterator[Piece]:
    x, y, count, options = struct.unpack_from("<2i2I", record, 8)
    if options & _GLYPHS:
        return
    wide = not options & _ONE_BYTE
    at = 36 if options & _NO_BOUNDS else 52
    yield Piece(x, y, _decoded(record[at : at + count * (1 + wide)], wide=wide))


def _decoded(text: bytes, *, wide: bool) -> str:
    return text.decode("utf-16-le" if wide else "cp1252", errors="replace")


def _plus_pieces(records: Iterable[Record]) -> list[Piece]:
    """Read the texts of GDI+ [MS-EMFPLUS], which some programs write instead of the others."""
    comments = (record for kind, record in records if kind == _COMMENT)
    return [p for one in comments if one[12:16] == _PLUS for p in _plus_strings(one[16:])]


def _plus_strings(data: bytes) -> Iterator[Piece]:
    at = 0
    while at + 12 <= len(data):
        kind, _, size, _ = struct.unpack_from("<2H2I", data, at)
        if size < 12:  # noqa: PLR2004 - its own numbers
            return
        if kind == _PLUS_STRING and at + 40 <= len(data):
            count, x, y = struct.unpack_from("<I2f", data, at + 20)
            yield Piece(x, y, _decoded(data[at + 40 : at + 40 + 2 * count], wide=True))
        at += size


def _bitmaps(records: Iterable[Record]) -> Iterator[tuple[bytes, bytes]]:
    """Yield header and pixels of each device-independent bitmap."""
    for kind, record in records:
        place = _BITMAPS.get(kind)
        if place is not None and len(record) >= place + 16:
            head, head_bytes, bits, bits_bytes = struct.unpack_from("<4I", record, place)
            yield record[head : head + head_bytes], record[bits : bits + bits_bytes]


def _largest(bitmaps: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Write the bitmap with most bytes as a BMP file."""
    header, pixels = max(bitmaps, key=lambda pair: len(pair[1]), default=(b"", b""))
    if not header or not pixels:
        return None
    start = 14 + len(header)
    return struct.pack("<2sIHHI", b"BM", start + len(pixels), 0, 0, start) + header + pixels
