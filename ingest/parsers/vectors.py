"""Drawings: SVG and Windows metafiles, also packed (SVGZ, EMZ, WMZ), told by their content."""

import struct
import zlib
from typing import IO, Final

from ingest.parsers import metafiles, svg
from ingest.parsers.metafiles import Metafile

_GZIP: Final = b"\x1f\x8b"
_ANY_HEADER: Final = 31
_MIB: Final = 1024 * 1024
_BYTES_MAX: Final = 64 * _MIB  # a screenshot of four million dots has 32
_MARKUP_BYTES_MAX: Final = 16 * _MIB


def read(file: IO[bytes]) -> Metafile | None:
    """Read a drawing; None of what is none, is damaged or too large."""
    data = file.read(_BYTES_MAX + 1)
    if data.startswith(_GZIP):
        data = _unpacked(data)
    if len(data) > _BYTES_MAX:
        return None
    try:
        found = metafiles.read(data)
    except struct.error:
        return None
    if found is None and len(data) <= _MARKUP_BYTES_MAX and svg.is_one(data):
        drawing = svg.read(data)
        return None if drawing is None else Metafile(drawing, None)
    return found


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(_ANY_HEADER).decompress(data, _BYTES_MAX + 1)
    except zlib.error:
        return b""
