"""What a child is asked to do: parse a document, or read some pages or pictures of it by OCR."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from ingest.blocks import ParsedDocument
from ingest.errors import ParseError
from ingest.settings import ParseLimits
from retrieval.corpus import Box

OnPage = Callable[[int, int], None]
"""Called with how many of how many pages OCR has read."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work for one child.

    `document` is a descriptor; `scans` are pages to read by OCR, from 1, `pictures` those inside an
    office document, as `Block` names them. A child that has finished no page for
    `page_seconds_max` is ended.
    """

    document: int
    media_type: str
    limits: ParseLimits
    scans: tuple[int, ...] = ()
    pictures: tuple[Box, ...] = ()
    page_seconds_max: float = math.inf
    on_page: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of a job of OCR: a document of the first `read` pages, and what ended it early."""

    document: ParsedDocument | None
    read: int
    failure: ParseError | None


Read = Callable[[Job], Reading]
"""Read pages or pictures by OCR in a child. Raises: SandboxUnavailable."""
