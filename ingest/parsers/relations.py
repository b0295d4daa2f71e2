"""Relationships between the parts of an Office Open XML package (ECMA-376 part 2, clause 9)."""

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from ingest.parsers import package


@dataclass(frozen=True, slots=True)
class Relation:
    """A part that another refers to by `key`; `kind` is the last word of the type's address."""

    key: str
    kind: str
    part: str


def relations(parts: zipfile.ZipFile, part: str) -> Iterator[Relation]:
    """Yield what `part` refers to inside the package."""
    folder, name = posixpath.split(part)
    try:
        listed = package.xml(package.part(parts, f"{folder}/_rels/{name}.rels".lstrip("/")))
    except (KeyError, etree.XMLSyntaxError):  # it refers to nothing
        return
    for one in listed.iter("{*}Relationship"):
        if one.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, one.get("Target", "")))
            kind = one.get("Type", "").rpartition("/")[2]
            yield Relation(one.get("Id", ""), kind, target.lstrip("/"))
