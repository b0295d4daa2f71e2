"""Documents that are ZIP files of XML (ODF, EPUB): their parts, read without trusting them.

Containers are admitted by `ingest.archives` before; a part is bounded here all the same.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lxml import etree

from ingest.errors import DocumentDamaged

_PART_BYTES_MAX = 256 * 1024 * 1024


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a container; damage of any kind inside the block becomes one error.

    Raises:
        DocumentDamaged.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as package:
            yield package
    except (zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError) as error:
        raise DocumentDamaged from error
    except (EOFError, NotImplementedError, OSError, LookupError, ValueError) as error:
        raise DocumentDamaged from error


def part(package: zipfile.ZipFile, name: str) -> bytes:
    """Unpack a part.

    Raises:
        KeyError: no such part.
        ValueError: it is too large.
    """
    with package.open(name) as file:
        data = file.read(_PART_BYTES_MAX + 1)
    if len(data) > _PART_BYTES_MAX:
        raise ValueError
    return data


def xml(data: bytes) -> etree._Element:
    """Parse XML without entities, document types or other files.

    Raises:
        etree.XMLSyntaxError.
    """
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True
    )
    return etree.fromstring(data, parser)
