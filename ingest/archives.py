"""Admission of ZIP containers: refuse a bomb from its directory, before a library unpacks it.

Only the end record and the central directory are read here, with the standard library, so that
an upload handler can afford it. Declared sizes may lie; `zipfile` stops an entry at its declared
size, and the memory limit of the parser process is the second wall.
"""

import io
import struct
import zipfile
from typing import BinaryIO

from ingest.errors import ArchiveRefused, DocumentDamaged, DocumentEncrypted
from ingest.settings import ArchiveLimits

_END_SIGNATURE = b"PK\x05\x06"
_END_BYTES = 22
_COMMENT_BYTES_MAX = 0xFFFF
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED_FLAG = 0x1


def admit(content: BinaryIO, limits: ArchiveLimits) -> list[str]:
    """Check a container against `limits`; return its entry names.

    Raises:
        DocumentDamaged: no readable directory.
        DocumentEncrypted: an entry is encrypted.
        ArchiveRefused: too many entries, too large, packed too tightly, or entries overlap.
    """
    _admit_directory(content, limits)
    try:
        with zipfile.ZipFile(content) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OSError) as error:
        raise DocumentDamaged from error
    _admit_entries(entries, limits)
    _admit_layout(entries)
    return [entry.filename for entry in entries]


def _admit_directory(content: BinaryIO, limits: ArchiveLimits) -> None:
    """Bound the directory before `zipfile` makes an object of each of its entries."""
    size = content.seek(0, io.SEEK_END)
    content.seek(max(0, size - _END_BYTES - _COMMENT_BYTES_MAX))
    tail = content.read()
    content.seek(0)
    at = tail.rfind(_END_SIGNATURE)
    if at < 0 or at + _END_BYTES > len(tail):
        raise DocumentDamaged
    entries, directory_bytes = struct.unpack_from("<HI", tail, at + 10)
    if entries > limits.entries_max or directory_bytes > limits.directory_bytes_max:
        raise ArchiveRefused


def _admit_entries(entries: list[zipfile.ZipInfo], limits: ArchiveLimits) -> None:
    if len(entries) > limits.entries_max:
        raise ArchiveRefused
    if sum(entry.file_size for entry in entries) > limits.unpacked_bytes_max:
        raise ArchiveRefused
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names):
        raise ArchiveRefused
    for entry in entries:
        if entry.flag_bits & _ENCRYPTED_FLAG:
            raise DocumentEncrypted
        if _too_tight(entry, limits):
            raise ArchiveRefused


def _too_tight(entry: zipfile.ZipInfo, limits: ArchiveLimits) -> bool:
    if entry.filename.endswith((".xml", ".rels")) and entry.file_size > limits.xml_entry_bytes_max:
        return True
    if entry.file_size < limits.ratio_checked_bytes_min:
        return False
    return entry.file_size > limits.ratio_max * max(1, entry.compress_size)


def _admit_layout(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse entries that share bytes: a small file then unpacks to quadratic size."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise ArchiveRefused
        end = entry.header_offset + _LOCAL_HEADER_BYTES + entry.compress_size
