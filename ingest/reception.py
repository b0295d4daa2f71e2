"""Look at an uploaded file before anything is stored: its size, its type, its hash."""

from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from ingest.detect import LEGACY_TYPES, detect
from ingest.errors import EmptyFile, FileTooLarge, OfficeUnavailable, UnsupportedType
from ingest.names import clean_file_name
from ingest.sandbox.conversion import converter
from ingest.settings import ArchiveLimits

_PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Received:
    """A file that may be stored; `source` stands at its start, `sha256` is of its bytes."""

    name: str
    media_type: str
    size_bytes: int
    sha256: bytes
    source: BinaryIO


def receive(name: str, source: BinaryIO, upload_bytes_max: int, archive: ArchiveLimits) -> Received:
    """Read the seekable `source` once through and tell what it is.

    Raises:
        FileTooLarge: reading stops at the limit.
        EmptyFile, UnsupportedType and what `detect` says about damaged containers; UnsupportedType
            also for what only LibreOffice could read, where it is not installed.
    """
    cleaned = clean_file_name(name)
    size, digest = _measure(source, upload_bytes_max)
    if not size:
        raise EmptyFile
    media_type = detect(source, cleaned, archive)
    if media_type in LEGACY_TYPES and converter() is None:
        raise UnsupportedType(OfficeUnavailable.message)
    source.seek(0)
    return Received(cleaned, media_type, size, digest, source)


def _measure(source: BinaryIO, bytes_max: int) -> tuple[int, bytes]:
    source.seek(0)
    size, digest = 0, sha256()
    while piece := source.read(_PIECE_BYTES):
        size += len(piece)
        if size > bytes_max:
            raise FileTooLarge
        digest.update(piece)
    source.seek(0)
    return size, digest.digest()
