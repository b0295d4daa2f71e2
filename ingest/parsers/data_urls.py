"""Pictures within the markup of a page itself, as `data:` URLs (RFC 2397).

A page's picture block names them by their place among the different ones, from 1, so that another
process finds them again.
"""

import base64
import binascii
import io
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote

from PIL import Image

from ingest.blocks import Block
from ingest.parsers import embedded, html_pictures, vectors
from ingest.settings import ParseLimits
from retrieval.corpus import Box

_PICTURE: Final = re.compile(
    r"\s*data:image/[\w.+-]{1,60}(?:;[\w=-]{1,60})*;base64,", re.IGNORECASE
)


def drafts(markup: str, limits: ParseLimits) -> html_pictures.Draft:
    """Make blocks of the page's own pictures that are to be read."""
    numbers = {address: number for number, address in enumerate(_own(markup), start=1)}

    def draft(address: str) -> Block | None:
        content = _content(address) if address in numbers else None
        if content is None:
            return None
        if not embedded.is_readable(io.BytesIO(content), limits):
            drawing = vectors.read(io.BytesIO(content))
            return None if drawing is None else Block("text", drawing.text)
        return Block("picture", "", boxes=(Box(numbers[address], *embedded.WHOLE),))

    return draft


def pictures(
    markup: str, wanted: Iterable[Box], limits: ParseLimits
) -> Iterator[Image.Image | None]:
    """Yield the pictures that blocks name, None for one that is damaged."""
    own = _own(markup)
    for box in wanted:
        content = _content(own[box.page - 1]) if box.page <= len(own) else None
        yield None if content is None else embedded.unpacked(io.BytesIO(content), limits)


def contents(markup: str) -> Iterator[bytes]:
    """Yield the bytes of the page's own pictures, each once."""
    for address in _own(markup):
        if content := _content(address):
            yield content


def _own(markup: str) -> list[str]:
    if "data:image/" not in markup:
        return []
    found = (one for one in html_pictures.addresses(markup) if _PICTURE.match(one))
    return list(dict.fromkeys(found))


def _content(address: str) -> bytes | None:
    try:
        return base64.b64decode(unquote(address.partition(",")[2]))
    except (binascii.Error, ValueError):
        return None
