"""Who wrote a file and when, as the file itself says; nobody vouches for it.

A file that says nothing, or nothing that can be understood, is no error: its text counts.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any, Final

import pypdfium2 as pdfium
from oxmsg import Message

from ingest import detect
from ingest.blocks import Origin
from ingest.errors import DocumentDamaged
from ingest.parsers import mail_headers, package
from ingest.parsers.characters import one_line

_AUTHOR_CHARACTERS_MAX: Final = 200
_YEAR_MIN: Final = 1900
_DUBLIN_CORE: Final = "{http://purl.org/dc/elements/1.1/}"
_TERMS: Final = "{http://purl.org/dc/terms/}"
_META: Final = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
# ISO 32000-2, 7.9.4: D:YYYYMMDDHHmmSSOHH'mm, where all after the year may be left out.
_PDF_DATE: Final = re.compile(
    r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([+-])(\d\d)'?(\d\d)?)?"
)
_UNREADABLE: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    DocumentDamaged,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    pdfium.PdfiumError,
)


def read(path: Path, media_type: str) -> Origin:
    """Read the origin of a file that was parsed as this type."""
    reader = _READERS.get(media_type)
    if reader is None:
        return Origin()
    try:
        author, moments = reader(path)
        return Origin(_author(author), next(filter(None, map(_day, moments)), None))
    except _UNREADABLE:
        return Origin()


_Said = tuple[str | None, Iterator[datetime | None]]


def _pdf(path: Path) -> _Said:
    with pdfium.PdfDocument(path.read_bytes()) as document:
        said = document.get_metadata_dict()
    dates = [said.get("CreationDate"), said.get("ModDate")]
    return said.get("Author"), map(_pdf_moment, dates)


def _office(path: Path) -> _Said:
    with package.opened(path) as parts:
        root = package.xml(package.part(parts, "docProps/core.xml"))
    dates = (root.findtext(f".//{_TERMS}{name}") for name in ("modified", "created"))
    return root.findtext(f".//{_DUBLIN_CORE}creator"), map(_iso_moment, dates)


def _open_document(path: Path) -> _Said:
    with package.opened(path) as parts:
        root = package.xml(package.part(parts, "meta.xml"))
    author = root.findtext(f".//{_META}initial-creator") or root.findtext(
        f".//{_DUBLIN_CORE}creator"
    )
    dates = (root.findtext(f".//{_DUBLIN_CORE}date"), root.findtext(f".//{_META}creation-date"))
    return author, map(_iso_moment, dates)


def _book(path: Path) -> _Said:
    with package.opened(path) as parts:
        name = next(name for name in parts.namelist() if name.endswith(".opf"))
        root = package.xml(package.part(parts, name))
    date_said = root.findtext(f".//{_DUBLIN_CORE}date")
    return root.findtext(f".//{_DUBLIN_CORE}creator"), map(_iso_moment, [date_said])


def _mail(path: Path) -> _Said:
    with path.open("rb") as file:
        message: Any = BytesHeaderParser(policy=mail_headers.AS_SENT).parse(file)
    senders = message["From"].addresses if message["From"] else ()
    author = senders[0].display_name or senders[0].addr_spec if senders else None
    return author, iter([message["Date"].datetime if message["Date"] else None])


def _outlook(path: Path) -> _Said:
    with path.open("rb") as file:
        message = Message.load(file)
        sender = re.sub(r"\s*<[^>]*>\s*$", "", message.sender or "")
        return sender or message.sender, iter([message.sent_date])


def _pdf_moment(said: str | None) -> datetime | None:
    found = _PDF_DATE.match(said or "")
    if found is None:
        return None
    year, *rest = found.groups()
    month, day, hour, minute, second = (int(part or 0) for part in rest[:5])
    sign, hours, minutes = rest[5:]
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    zone = timezone(-offset if sign == "-" else offset)
    try:
        return datetime(int(year), month or 1, day or 1, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None


def _iso_moment(said: str | None) -> datetime | None:
    """Read W3CDTF, which may be a year or a month only."""
    text = (said or "").strip()
    text += "-01" * (2 - text.count("-")) if re.fullmatch(r"\d{4}(-\d\d)?", text) else ""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _day(moment: datetime | None) -> date | None:
    if moment is None or moment.year < _YEAR_MIN:
        return None
    return moment.astimezone(UTC).date() if moment.tzinfo else moment.date()


def _author(said: str | None) -> str | None:
    return one_line(said or "")[:_AUTHOR_CHARACTERS_MAX].strip() or None


_READERS: Final[Mapping[str, Callable[[Path], _Said]]] = {
    detect.PDF: _pdf,
    detect.DOCX: _office,
    detect.PPTX: _office,
    detect.XLSX: _office,
    detect.ODT: _open_document,
    detect.ODP: _open_document,
    detect.ODS: _open_document,
    detect.EPUB: _book,
    detect.EML: _mail,
    detect.MSG: _outlook,
}
