"""Comments on the cells of a workbook (XLSX): notes, and the threads that newer programs write."""

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lxml import etree

from ingest.parsers import package, workbook_parts
from ingest.parsers.relations import Relation, relations

_COMMENTS: Final = ("comments", "threadedComment")
_PERSONS: Final = "xl/persons/"
_OF_A_THREAD: Final = "tc="
"""The author that stands by what older programs are shown instead of a thread."""


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote on a cell, by its reference ("B2")."""

    cell: str
    author: str | None
    text: str


def by_sheet(path: Path) -> Mapping[str, list[Comment]]:
    """Read the comments on the sheets, by the names of these; none of a file that is no package.

    Raises:
        DocumentDamaged.
    """
    if not zipfile.is_zipfile(path):
        return {}
    with package.opened(path) as parts:
        sheets = workbook_parts.of_sheets(parts)
        return {name: list(_of_sheet(parts, sheet)) for name, sheet in sheets.items()}


def _of_sheet(parts: zipfile.ZipFile, sheet: str) -> Iterator[Comment]:
    """Yield the comments on a sheet in the order of the file; damaged ones are left out."""
    for relation in relations(parts, sheet):
        if relation.kind in _COMMENTS and relation.part in parts.namelist():
            try:
                found = list(_read(parts, relation))
            except etree.XMLSyntaxError:  # the sheet's cells still count
                continue
            yield from found


def _read(parts: zipfile.ZipFile, relation: Relation) -> Iterator[Comment]:
    root = package.xml(package.part(parts, relation.part))
    if relation.kind == "comments":
        yield from _notes(root)
        return
    names = _persons(parts)
    for one in root.iter("{*}threadedComment"):
        author = names.get(one.get("personId", ""))
        yield Comment(one.get("ref", ""), author, one.findtext("{*}text") or "")


def _notes(root: etree._Element) -> Iterator[Comment]:
    authors = [one.text or "" for one in root.iterfind("{*}authors/{*}author")]
    for one in root.iter("{*}comment"):
        number = one.get("authorId", "")
        known = number.isdecimal() and int(number) < len(authors)
        author = authors[int(number)] if known else ""
        if not author.startswith(_OF_A_THREAD):
            yield Comment(one.get("ref", ""), author, "".join(_texts(one)))


def _texts(comment: etree._Element) -> Iterator[str]:
    return (text.text or "" for text in comment.iter("{*}t"))


def _persons(parts: zipfile.ZipFile) -> Mapping[str, str]:
    return {
        one.get("id", ""): one.get("displayName", "")
        for name in parts.namelist()
        if name.startswith(_PERSONS) and name.endswith(".xml")
        for one in package.xml(package.part(parts, name)).iter("{*}person")
    }
