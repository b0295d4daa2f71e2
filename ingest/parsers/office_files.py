"""Files inside Office documents (DOCX, PPTX, XLSX): a workbook in a report, a PDF behind an icon.

They are read as attachments are. The workbooks that charts keep their data in are no such files,
nor are equations and other objects of programs that nobody here can read.
"""

import posixpath
import zipfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

import olefile

from ingest.blocks import Attachment
from ingest.errors import DocumentTooLarge
from ingest.omissions import Omission, omitted
from ingest.parsers import package
from ingest.parsers.attachments import named
from ingest.parsers.decoding import decode
from ingest.parsers.relations import relations
from ingest.settings import ParseLimits

_FOLDER: Final = "/embeddings/"
_KINDS: Final = ("package", "oleObject")
_CHARTS: Final = ("charts", "chartex")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PACKAGED, _WHOLE, _ACROBAT = "\x01Ole10Native", "Package", "CONTENTS"
_DOCUMENTS: Final = {"Workbook": ".xls", "WordDocument": ".doc", "PowerPoint Document": ".ppt"}
_NAME_BYTES_MAX: Final = 1024

Found = tuple[tuple[Attachment, ...], tuple[Omission, ...]]


def inside(path: Path, limits: ParseLimits) -> Found:
    """Take the files inside a document, and name those that are too many or too large together.

    Raises:
        DocumentDamaged.
    """
    with package.opened(path) as parts:
        return _admitted(_files(parts), limits)


def _admitted(files: Iterable[Attachment], limits: ParseLimits) -> Found:
    kept: list[Attachment] = []
    beyond, left = 0, limits.attachment_bytes_max
    for file in files:
        if len(kept) < limits.attachments_max and len(file.content) <= left:
            kept.append(file)
            left -= len(file.content)
        else:
            beyond += 1
    return tuple(kept), omitted("attachments", [DocumentTooLarge.code] * beyond)


def _files(parts: zipfile.ZipFile) -> Iterator[Attachment]:
    for part in sorted(_placed(parts)):
        content = package.part(parts, part)
        name = posixpath.basename(part)
        if not content.startswith(_OLE):
            yield named(name, content)
        elif (file := _in_object(name, content)) is not None:
            yield file


def _placed(parts: zipfile.ZipFile) -> set[str]:
    """Return the parts that something other than a chart refers to."""
    names = parts.namelist()
    if not any(_FOLDER in name for name in names):
        return set()
    referring = (
        name.replace("_rels/", "").removesuffix(".rels") for name in names if name.endswith(".rels")
    )
    return {
        relation.part
        for part in referring
        if posixpath.basename(posixpath.dirname(part)) not in _CHARTS
        for relation in relations(parts, part)
        if relation.kind in _KINDS and _FOLDER in relation.part and relation.part in names
    }


def _in_object(name: str, content: bytes) -> Attachment | None:
    """Take the file out of an object of OLE; None of what is no document."""
    stem = posixpath.splitext(name)[0]
    try:
        with olefile.OleFileIO(BytesIO(content)) as compound:
            if compound.exists(_PACKAGED):
                return _packaged(compound.openstream(_PACKAGED).read())
            if compound.exists(_WHOLE):
                return named(name, compound.openstream(_WHOLE).read())
            if compound.exists(_ACROBAT):
                return _pdf(stem, compound.openstream(_ACROBAT).read())
            endings = (end for stream, end in _DOCUMENTS.items() if compound.exists(stream))
            ending = next(endings, None)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return None if ending is None else named(stem + ending, content)


def _pdf(stem: str, content: bytes) -> Attachment | None:
    return named(f"{stem}.pdf", content) if content.startswith(b"%PDF-") else None


def _packaged(stream: bytes) -> Attachment | None:
    """Read what the Packager writes ([MS-OLEDS] names it only): label, path, path, bytes."""
    data = BytesIO(stream)
    data.seek(6)
    label = _string(data)
    _string(data)
    data.seek(4, 1)
    data.seek(min(_number(data), _NAME_BYTES_MAX), 1)
    content = data.read(_number(data))
    return named(posixpath.basename(label.replace("\\", "/")), content) if content else None


def _string(data: BytesIO) -> str:
    """Read up to a zero."""
    start = data.tell()
    text = data.read(_NAME_BYTES_MAX).partition(b"\0")[0]
    data.seek(start + len(text) + 1)
    return decode(text)


def _number(data: BytesIO) -> int:
    return int.from_bytes(data.read(4), "little")
