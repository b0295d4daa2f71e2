"""Encrypt files of any length in constant memory, readable from any offset.

A sealed file is a header (18 bytes, see aead.py) and then a stream as Tink's AES-GCM-HKDF
streaming lays it out: `40 (1) | salt (32) | nonce prefix (7)`, then segments of 64 KiB of text and
a 16-byte tag each. The first segment is shorter by the 40 bytes before it, the last one ends where
the file does; an empty file has one empty segment. Every file has a key of its own, derived from
the cipher's key, the salt, the header and the place. A segment's nonce is
`prefix | number (4) | last (1)`, so segments cannot change places, and a file that was cut or
extended has no valid last segment (the STREAM construction: Hoang, Reyhanitabar, Rogaway, Vizár
2015).

The first release wrote the same without the byte 40 and with a first segment like all others; that
form is read still.
"""

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from security.aead import (
    AES_256_GCM_HKDF_STREAM,
    AES_256_GCM_SEGMENTS,
    HEADER_BYTES,
    KEY_BYTES,
    TAG_BYTES,
    Key,
)
from security.cipher import Cipher
from security.errors import DecryptionFailed
from security.places import Place

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SEGMENT_BYTES: Final = 64 * 1024
_SEALED_SEGMENT_BYTES: Final = SEGMENT_BYTES + TAG_BYTES
_SALT_BYTES: Final = 32
_PREFIX_BYTES: Final = 7
_STREAM_HEADER_BYTES: Final = 1 + _SALT_BYTES + _PREFIX_BYTES


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things stand in a sealed file.

    Segments are counted from `base`; the first one lacks `lead` bytes, which salt and prefix take.
    """

    base: int
    lead: int

    @property
    def preamble_bytes(self) -> int:
        """What stands before the first segment's text."""
        return self.base + self.lead


_STREAM: Final = _Layout(HEADER_BYTES, _STREAM_HEADER_BYTES)
_LAYOUTS: Final = {
    AES_256_GCM_HKDF_STREAM: _STREAM,
    AES_256_GCM_SEGMENTS: _Layout(HEADER_BYTES + _SALT_BYTES + _PREFIX_BYTES, 0),
}


def seal_file(cipher: Cipher, place: Place, source: BinaryIO) -> Iterator[bytes]:
    """Yield the sealed form of `source`, read from where it stands to its end."""
    stream_header = bytes((_STREAM_HEADER_BYTES,)) + os.urandom(_SALT_BYTES + _PREFIX_BYTES)
    preamble = cipher.key.header(AES_256_GCM_HKDF_STREAM) + stream_header
    segments = _Segments(cipher.key, cipher.associated_data(place), preamble)
    yield preamble
    number, text = 0, _read_full(source, SEGMENT_BYTES - _STREAM.lead)
    while True:
        following = _read_full(source, SEGMENT_BYTES)
        yield segments.seal(number, text, last=not following)
        if not following:
            return
        number, text = number + 1, following


class SealedFileReader(io.RawIOBase):
    """Read a sealed file as if it were the plain one; seekable, one segment in memory.

    The last segment is checked at once, so a file that was cut short is refused before its
    first byte is given out. Closing the reader closes `sealed`.

    Raises:
        DecryptionFailed: altered, cut, extended, moved or sealed under another key; from the
            constructor or from the read that meets it.
    """

    def __init__(self, cipher: Cipher, place: Place, sealed: BinaryIO) -> None:
        super().__init__()
        self._sealed = sealed
        length = sealed.seek(0, io.SEEK_END)
        sealed.seek(0)
        header = _read_full(sealed, HEADER_BYTES)
        self._layout = _layout_of(cipher, header)
        if length < self._layout.preamble_bytes + TAG_BYTES:
            raise DecryptionFailed
        rest = _read_full(sealed, self._layout.preamble_bytes - HEADER_BYTES)
        if self._layout is _STREAM and rest[0] != _STREAM_HEADER_BYTES:
            raise DecryptionFailed  # the one byte that nothing else authenticates
        self._segments = _Segments(
            cipher.key_of(header), cipher.associated_data(place), header + rest
        )
        self._count = -(-(length - self._layout.base) // _SEALED_SEGMENT_BYTES)
        self._position = 0
        self._load(self._count - 1)
        self.size_bytes = length - self._layout.preamble_bytes - self._count * TAG_BYTES

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to an offset of the plain file; beyond its end there is nothing to read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size_bytes}[whence]
        if base + offset < 0:
            message = "cannot seek before the start"
            raise ValueError(message)
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Return the offset in the plain file."""
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read up to the end of the present segment."""
        view = memoryview(buffer).cast("B")
        number, start = divmod(self._position + self._layout.lead, SEGMENT_BYTES)
        if self._position >= self.size_bytes or not len(view):
            return 0
        if number != self._number:
            self._load(number)
        start -= 0 if number else self._layout.lead
        piece = self._text[start : start + len(view)]
        view[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        """Forget the text in memory and close the sealed file."""
        self._text = b""
        self._sealed.close()
        super().close()

    def _load(self, number: int) -> None:
        lead = 0 if number else self._layout.lead
        self._sealed.seek(self._layout.base + lead + number * _SEALED_SEGMENT_BYTES)
        sealed = _read_full(self._sealed, _SEALED_SEGMENT_BYTES - lead)
        self._text = self._segments.open(number, sealed, last=number == self._count - 1)
        self._number = number


class _Segments:
    """The segments of one file, under its own key."""

    def __init__(self, key: Key, associated: bytes, preamble: bytes) -> None:
        header, salt = (
            preamble[:HEADER_BYTES],
            preamble[-_PREFIX_BYTES - _SALT_BYTES :][:_SALT_BYTES],
        )
        info = b"sourcebook/file" + header + associated
        self._aead = AESGCM(HKDF(SHA256(), KEY_BYTES, salt, info).derive(key.file_secret))
        self._prefix = preamble[-_PREFIX_BYTES:]

    def seal(self, number: int, text: bytes, *, last: bool) -> bytes:
        return self._aead.encrypt(self._nonce(number, last=last), text, None)

    def open(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        try:
            return self._aead.decrypt(self._nonce(number, last=last), sealed, None)
        except InvalidTag:
            raise DecryptionFailed from None

    def _nonce(self, number: int, *, last: bool) -> bytes:
        return self._prefix + number.to_bytes(4, "big") + bytes((last,))


def _layout_of(cipher: Cipher, header: bytes) -> _Layout:
    """Return the layout that an authentic header names."""
    key = cipher.key_of(header)
    for algorithm, layout in _LAYOUTS.items():
        if header == key.header(algorithm):
            return layout
    raise DecryptionFailed


def _read_full(source: BinaryIO, length: int) -> bytes:
    # A raw stream or a pipe may give less than asked for before its end.
    pieces = []
    while length and (piece := source.read(length)):
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)
