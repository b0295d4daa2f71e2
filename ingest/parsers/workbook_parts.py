"""Which part of a workbook (XLSX) holds which sheet."""

import zipfile
from collections.abc import Mapping
from typing import Final

from ingest.parsers import package
from ingest.parsers.relations import relations

WORKBOOK: Final = "xl/workbook.xml"
_SHEET_ID: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def of_sheets(parts: zipfile.ZipFile) -> Mapping[str, str]:
    """Name the parts of all sheets by the names of the sheets; none of what is no such package."""
    if WORKBOOK not in parts.namelist():
        return {}
    targets = {one.key: one.part for one in relations(parts, WORKBOOK)}
    workbook = package.xml(package.part(parts, WORKBOOK))
    return {
        sheet.get("name", ""): targets[key]
        for sheet in workbook.iter("{*}sheet")
        if (key := sheet.get(_SHEET_ID, "")) in targets
    }
