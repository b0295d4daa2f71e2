"""Which type a file is, told by its content; the name only chooses among kinds of plain text."""

import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import BinaryIO

from ingest import archives
from ingest.errors import DocumentEncrypted, EmptyFile, UnsupportedType
from ingest.settings import ArchiveLimits

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLS = "application/vnd.ms-excel"
DOC = "application/msword"
PPT = "application/vnd.ms-powerpoint"
ODT = "application/vnd.oasis.opendocument.text"
ODP = "application/vnd.oasis.opendocument.presentation"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
EPUB = "application/epub+zip"
RTF = "application/rtf"
MSG = "application/vnd.ms-outlook"
EML = "message/rfc822"
HTML = "text/html"
MARKDOWN = "text/markdown"
CSV = "text/csv"
TEXT = "text/plain"
PNG = "image/png"
JPEG = "image/jpeg"
TIFF = "image/tiff"
WEBP = "image/webp"

EXTENSIONS: Mapping[str, str] = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".pptx": PPTX,
    ".xlsx": XLSX,
    ".xls": XLS,
    ".doc": DOC,
    ".ppt": PPT,
    ".odt": ODT,
    ".odp": ODP,
    ".ods": ODS,
    ".rtf": RTF,
    ".epub": EPUB,
    ".csv": CSV,
    ".tsv": CSV,
    ".html": HTML,
    ".htm": HTML,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": TEXT,
    ".eml": EML,
    ".msg": MSG,
    ".png": PNG,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".tif": TIFF,
    ".tiff": TIFF,
    ".webp": WEBP,
}
"""Extensions offered to people, with the type that a file of that name should have."""

# These name themselves in a part of their own.
_NAMED_PACKAGES = frozenset({ODT, ODP, ODS, EPUB})
PACKAGE_TYPES = frozenset({DOCX, PPTX, XLSX}) | _NAMED_PACKAGES

LEGACY_TYPES = frozenset({DOC, PPT})
"""Types that LibreOffice has to convert before they can be read."""

_TYPE_BYTES_MAX = 100
_HEAD_BYTES = 64 * 1024
_PDF_HEADER_WITHIN_BYTES = 1024
_CONTROL_SHARE_MAX = 0.02
_UNREADABLE = frozenset({"Cc", "Cn", "Co", "Cs"})

_ZIP = b"PK"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UTF32_MARKS = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
_OOXML_PARTS = {"word/": DOCX, "ppt/": PPTX, "xl/workbook.xml": XLSX}
_OLE_STREAMS = {
    "__properties_version1.0": MSG,
    "Workbook": XLS,
    "Book": XLS,
    "WordDocument": DOC,
    "PowerPoint Document": PPT,
}
# The kind of the root storage tells a document from those that are embedded in it.
_OLE_ROOTS = {
    "0609020000000000c000000000000046": DOC,
    "2008020000000000c000000000000046": XLS,
    "1008020000000000c000000000000046": XLS,
    "108d81649b4fcf1186ea00aa00b929e8": PPT,
}
_OLE_ROOT_CLASS_BYTES = slice(80, 96)

_PICTURES = {
    b"\x89PNG\r\n\x1a\n": PNG,
    b"\xff\xd8\xff": JPEG,
    b"II*\x00": TIFF,
    b"MM\x00*": TIFF,
}
_HEIF = re.compile(rb"ftyp(?:hei[cmsx]|hev[cmsx]|mif1|msf1|avi[fs])")
_OTHER_PICTURE = "Pictures of this kind cannot be read. Save the picture as PNG, JPEG or TIFF."
# Programs and other binary files whose first bytes may pass for UTF-16.
_PROGRAMS = (
    *(b"MZ" + bytes([low, high]) for low in range(256) for high in range(4)),
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"%!PS",
    b"\0asm",
    b"SQLite format 3\0",
    b"L\0\0\0\x01\x14\x02\0",  # a Windows shortcut
)
_ARCHIVE = "Archives are not opened. Unpack the archive and upload the documents in it."
_OTHER_OLE = "Files of this old Office program cannot be read. Save the file as PDF or .docx."

_HTML_START = re.compile(
    rb"^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_MAIL_HEADER = re.compile(rb"^([A-Za-z][A-Za-z0-9-]*):[ \t\r\n]", re.MULTILINE)
_MAIL_NAMES = frozenset(
    {
        b"from",
        b"to",
        b"subject",
        b"date",
        b"received",
        b"message-id",
        b"mime-version",
        b"return-path",
        b"delivered-to",
    }
)


def detect(content: BinaryIO, name: str, limits: ArchiveLimits | None = None) -> str:
    """Return the media type of `content`, which is left at its start.

    Raises:
        EmptyFile: no bytes.
        UnsupportedType: an archive, a rare kind of picture, other binary data.
        ArchiveRefused, DocumentDamaged, DocumentEncrypted: see `archives.admit`.
    """
    content.seek(0)
    head = content.read(_HEAD_BYTES)
    content.seek(0)
    if not head:
        raise EmptyFile
    if b"%PDF-" in head[:_PDF_HEADER_WITHIN_BYTES]:
        return PDF
    if head.startswith(_ZIP):
        return _package_type(content, limits or ArchiveLimits())
    if head.startswith(_OLE):
        return _ole_type(content)
    if head.startswith(b"{\\rtf"):
        return RTF
    if picture := _picture_type(head):
        return picture
    _refuse_known(head)
    if not _is_text(head):
        raise UnsupportedType
    return _text_type(head, PurePosixPath(name).suffix.lower())


def _package_type(content: BinaryIO, limits: ArchiveLimits) -> str:
    names = archives.admit(content, limits)
    content.seek(0)
    if "[Content_Types].xml" in names:
        for part, media_type in _OOXML_PARTS.items():
            if any(name.startswith(part) for name in names):
                return media_type
    if "mimetype" in names and (media_type := _named_type(content)) in _NAMED_PACKAGES:
        return media_type
    raise UnsupportedType(_ARCHIVE)


def _named_type(content: BinaryIO) -> str:
    """Read the part that holds the type; its damage is found when the document is read."""
    try:
        with zipfile.ZipFile(content) as package, package.open("mimetype") as part:
            return part.read(_TYPE_BYTES_MAX).decode("ascii", errors="replace").strip()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError):
        return ""
    finally:
        content.seek(0)


def _ole_type(content: BinaryIO) -> str:
    """Names of streams stand in the file as UTF-16, so a search finds them wherever they lie."""
    data = content.read()
    content.seek(0)
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise DocumentEncrypted
    if root := _OLE_ROOTS.get(_ole_root_class(data)):
        return root
    for stream, media_type in _OLE_STREAMS.items():
        if (stream + "\0").encode("utf-16-le") in data:
            return media_type
    raise UnsupportedType(_OTHER_OLE)


def _ole_root_class(data: bytes) -> str:
    """Return the class of the first entry of the directory, [MS-CFB] 2.2 and 2.6.1, as hex."""
    sector_bytes = 1 << min(int.from_bytes(data[30:32], "little"), 12)
    entry = (int.from_bytes(data[48:52], "little") + 1) * sector_bytes
    return data[entry:][_OLE_ROOT_CLASS_BYTES].hex()


def _picture_type(head: bytes) -> str | None:
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    return next((kind for mark, kind in _PICTURES.items() if head.startswith(mark)), None)


def _refuse_known(head: bytes) -> None:
    if head.startswith(b"GIF8") or _HEIF.match(head, 4):
        raise UnsupportedType(_OTHER_PICTURE)
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        raise UnsupportedType(_OTHER_PICTURE)
    if head.startswith((b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ")):
        raise UnsupportedType(_ARCHIVE)
    if head[257:262] == b"ustar":
        raise UnsupportedType(_ARCHIVE)
    if head.startswith(_PROGRAMS):
        raise UnsupportedType


def _is_text(head: bytes) -> bool:
    """Whether the bytes can be text: next to no control characters, NUL only in UTF-16."""
    if head.startswith(_UTF32_MARKS):
        return _is_readable(head[: len(head) // 4 * 4].decode("utf-32", errors="replace"))
    if head.startswith(_UTF16_MARKS):
        return _is_readable(head[: len(head) // 2 * 2].decode("utf-16", errors="replace"))
    if b"\0" in head:
        return _looks_like_utf16(head)
    controls = sum(byte < ord(" ") and byte not in b"\t\n\r\f\x1b" for byte in head)
    return controls <= _CONTROL_SHARE_MAX * len(head)


def _looks_like_utf16(head: bytes) -> bool:
    """UTF-16 without a mark: NUL bytes mostly on one side, and nearly all of it is readable."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if 4 * min(even, odd) > max(even, odd) or max(even, odd) <= len(head) // 64:
        return False
    encoding = "utf-16-be" if even > odd else "utf-16-le"
    return _is_readable(head[: len(head) // 2 * 2].decode(encoding, errors="replace"))


def _is_readable(text: str) -> bool:
    unread = sum(
        unicodedata.category(letter) in _UNREADABLE and letter not in "\t\n\r\f\ufffd"
        for letter in text
    )
    return unread + _torn(text) <= _CONTROL_SHARE_MAX * len(text)


def _torn(text: str) -> int:
    """Count what no character is; the last may be cut."""
    return text[:-1].count("\ufffd")


def _text_type(head: bytes, extension: str) -> str:
    named = EXTENSIONS.get(extension, TEXT)
    if _HTML_START.match(head):
        return HTML
    if _is_mail(head):
        return EML
    return named if named in (CSV, HTML, MARKDOWN, EML) else TEXT


def _is_mail(head: bytes) -> bool:
    """Find an RFC 5322 header block at the first byte that names at least three fields."""
    block = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    names = {name.lower() for name in _MAIL_HEADER.findall(block)}
    lines = block.splitlines()
    first = lines[0] if lines else b""
    starts = first.startswith(b"From ") or bool(_MAIL_HEADER.match(first + b"\n"))
    return starts and len(names & _MAIL_NAMES) >= 3  # noqa: PLR2004 - any three settle it


def is_package(media_type: str) -> bool:
    """Whether files of this type are ZIP containers that must be admitted first."""
    return media_type in PACKAGE_TYPES


def as_stream(content: bytes | BinaryIO) -> BinaryIO:
    """Bytes as a readable stream; a stream as it is."""
    return io.BytesIO(content) if isinstance(content, bytes) else content
