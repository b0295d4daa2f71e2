"""Office documents in the strict form of their standard, ISO/IEC 29500: libraries cannot read it.

It differs from the usual, transitional form mostly in the addresses of its namespaces.
"""

import io
import re
import zipfile
from pathlib import Path
from typing import Final

from ingest.parsers import package

_RELATIONS: Final = "_rels/.rels"
_STRICT: Final = re.compile(rb"http://purl\.oclc\.org/ooxml/([A-Za-z]{1,40})")
_TRANSITIONAL: Final = rb"http://schemas.openxmlformats.org/\1/2006"


def transitional(path: Path) -> io.BytesIO | None:
    """Return the document in the transitional form; None if it is in that form already.

    Raises:
        DocumentDamaged.
    """
    with package.opened(path) as parts:
        if _RELATIONS not in parts.namelist() or not _STRICT.search(
            package.part(parts, _RELATIONS)
        ):
            return None
        changed = io.BytesIO()
        with zipfile.ZipFile(changed, "w") as target:
            for name in parts.namelist():
                content = package.part(parts, name)
                is_markup = name.endswith((".xml", ".rels"))
                target.writestr(name, _STRICT.sub(_TRANSITIONAL, content) if is_markup else content)
    changed.seek(0)
    return changed
