"""Records of old Windows metafiles [MS-WMF] that write text or copy a bitmap."""

import struct
from collections.abc import Iterator
from typing import Final

from ingest.parsers.metafile_text import Piece
from ingest.parsers.rtf import CODE_PAGES

_PLACEABLE: Final = b"\xd7\xcd\xc6\x9a"
_PLACEABLE_BYTES, _HEADER_BYTES = 22, 18
_HEADERS: Final = (b"\x01\x00\x09\x00", b"\x02\x00\x09\x00")
_TEXT, _EXTENDED_TEXT = 0x0521, 0x0A32
_HAS_RECTANGLE: Final = 0x0006
_FONT: Final = 0x02FB
_CREATES: Final = frozenset({_FONT, 0x02FA, 0x02FC, 0x0142, 0x01F9, 0x06FF, 0x00F7})
_SELECT, _DELETE = 0x012D, 0x01F0
_CHARSET_AT: Final = 13
_BITMAPS: Final = {0x0F43: 22, 0x0B41: 20, 0x0940: 16}
"""Where the bitmap of a record begins."""


def is_one(data: bytes) -> bool:
    """Whether it is a metafile, with or without the header that says how large it is."""
    return data.startswith((_PLACEABLE, *_HEADERS))


def pieces(data: bytes) -> Iterator[Piece]:
    """Yield the texts with their places, decoded by the charset of their font."""
    fonts = _Fonts()
    for function, record in _records(data):
        fonts.take(function, record)
        try:
            if function == _TEXT:
                yield _text(record, fonts.charset)
            elif function == _EXTENDED_TEXT:
                yield _extended_text(record, fonts.charset)
        except struct.error:
            continue


def bitmaps(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each device-independent bitmap, whose pixels follow its header and colours."""
    for function, record in _records(data):
        start = _BITMAPS.get(function, len(record))
        bitmap = record[start:]
        if len(bitmap) > 40:  # noqa: PLR2004 - its header
            size, bits, colours = *struct.unpack_from("<I10xH", bitmap), bitmap[32:36]
            used = int.from_bytes(colours, "little") or (1 << bits if bits <= 8 else 0)  # noqa: PLR2004 - with a palette
            yield bitmap[: size + 4 * used], bitmap[size + 4 * used :]


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEADER_BYTES + (_PLACEABLE_BYTES if data.startswith(_PLACEABLE) else 0)
    while at + 6 <= len(data):
        words, function = struct.unpack_from("<IH", data, at)
        if words < 3:  # noqa: PLR2004 - its own numbers
            return
        yield function, data[at + 6 : at + 2 * words]
        at += 2 * words


def _text(record: bytes, charset: str) -> Piece:
    [count] = struct.unpack_from("<h", record)
    y, x = struct.unpack_from("<2h", record, 2 + count + count % 2)
    return Piece(x, y, record[2 : 2 + count].decode(charset, errors="replace"))


def _extended_text(record: bytes, charset: str) -> Piece:
    y, x, count, options = struct.unpack_from("<3hH", record)
    at = 16 if options & _HAS_RECTANGLE else 8
    text = record[at : at + count]
    widths = record[at + count + count % 2 :][: 2 * count]
    whole = len(widths) == 2 * count and count > 0
    end = x + sum(struct.unpack(f"<{count}h", widths)) if whole else None
    return Piece(x, y, text.decode(charset, errors="replace"), end)


class _Fonts:
    """Follows which font is in use: objects are numbered by the first free place."""

    def __init__(self) -> None:
        self.charset = CODE_PAGES[0]
        self._objects: dict[int, str | None] = {}

    def take(self, function: int, record: bytes) -> None:
        number = int.from_bytes(record[:2], "little")
        if function in _CREATES:
            free = next(n for n in range(len(self._objects) + 1) if n not in self._objects)
            self._objects[free] = self._charset(record) if function == _FONT else None
        elif function == _DELETE:
            self._objects.pop(number, None)
        elif function == _SELECT:
            self.charset = self._objects.get(number) or self.charset

    def _charset(self, record: bytes) -> str:
        number = record[_CHARSET_AT] if len(record) > _CHARSET_AT else 0
        return CODE_PAGES.get(number, CODE_PAGES[0])
