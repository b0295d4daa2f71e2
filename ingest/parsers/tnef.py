"""The files in a `winmail.dat`, into which Outlook packs what it attaches ([MS-OXTNEF]).

The text of the message stands beside it as a rule; its copy here is not read.
"""

import struct
from collections.abc import Iterator
from typing import Final

from ingest.blocks import Attachment
from ingest.parsers.attachments import named
from ingest.parsers.decoding import decode

_SIGNATURE: Final = b"\x78\x9f\x3e\x22"
_HEAD_BYTES, _CHECKSUM_BYTES = 6, 2
_ATTRIBUTE: Final = struct.Struct("<BII")
_NEXT, _TITLE, _DATA = 0x00069002, 0x00018010, 0x0006800F
_CODE_PAGE: Final = 0x00069007


def is_tnef(content: bytes) -> bool:
    """Whether a file is one of these, however it is named."""
    return content.startswith(_SIGNATURE)


def files(content: bytes) -> Iterator[Attachment]:
    """Yield the files up to where the bytes end or make no sense."""
    title, data, charset = b"", b"", "utf-8"
    for kind, value in _attributes(content):
        if kind == _CODE_PAGE:
            charset = f"cp{int.from_bytes(value[:4], 'little')}"
        elif kind == _NEXT:
            yield from _file(title, data, charset)
            title, data = b"", b""
        elif kind == _TITLE:
            title = value
        elif kind == _DATA:
            data = value
    yield from _file(title, data, charset)


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEAD_BYTES
    while at + _ATTRIBUTE.size <= len(content):
        _, kind, size = _ATTRIBUTE.unpack_from(content, at)
        at += _ATTRIBUTE.size
        yield kind, content[at : at + size]
        at += size + _CHECKSUM_BYTES


def _file(title: bytes, data: bytes, charset: str) -> Iterator[Attachment]:
    if data:
        yield named(decode(title.partition(b"\0")[0], charset), data)
