"""What every parser returns: a document as blocks in reading order, each with its place."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from ingest.omissions import Omission
from retrieval.corpus import Box

BlockKind = Literal["heading", "text", "list", "table", "picture"]

BLOCK_SEPARATOR = "\n\n"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list item, table or unread picture.

    `level` is 1 to 6 for headings and 0 otherwise; `page` counts from 1 and is None where the
    format has no pages.

    A "picture" is one inside a document that OCR has to read: it has no text, and its one box is
    what is shown of it, with the number of its entry in the package (from 1) as page. What the
    sandbox returns has none.

    `beside` the page stands what people put onto it, which is kept when OCR reads the page.
    """

    kind: BlockKind
    text: str
    level: int = 0
    page: int | None = None
    boxes: tuple[Box, ...] = ()
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside a document: a name that its sender chose, and its bytes.

    One that was `pasted` into the text has a name that says nothing.
    """

    name: str
    content: bytes
    pasted: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file says of where it comes from: who wrote it, and when (the day, in UTC)."""

    author: str | None = None
    dated_on: date | None = None


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A parsed document; its text is the blocks' texts joined by `BLOCK_SEPARATOR`.

    `language` is an ISO 639-1 code ("en", "zh") or None when the text is too short to tell.
    `unread_pages` count from 1: they show a picture and next to no text, so OCR has to read them.
    `attachments` are not parsed yet. What the sandbox returns has neither; what could not be read
    of it are its `omissions`, which do not belong to its text.

    `recogniser` names what OCR read its scanned pages with, where it read some.
    """

    title: str | None
    blocks: tuple[Block, ...]
    page_count: int | None
    language: str | None
    unread_pages: tuple[int, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    origin: Origin = Origin()
    omissions: tuple[Omission, ...] = ()
    recogniser: str | None = None

    @property
    def text(self) -> str:
        """The whole text, into which all character offsets point."""
        return BLOCK_SEPARATOR.join(block.text for block in self.blocks)
