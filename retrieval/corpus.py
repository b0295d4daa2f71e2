"""The corpus as retrieval sees it: boxes, chunks and hits."""

from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in fractions of its width and height from the TOP left corner."""

    page: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document: `text` is exactly `document.text[start:end]`.

    `page` is the first page it stands on, None where the format has no pages.
    """

    ordinal: int
    text: str
    start: int
    end: int
    heading_path: tuple[str, ...] = ()
    page: int | None = None
    boxes: tuple[Box, ...] = ()

    @property
    def embedded_text(self) -> str:
        """What the embedder and the lexical index see: headings give a passage its context."""
        return (
            "\n".join((" > ".join(self.heading_path), self.text))
            if self.heading_path
            else self.text
        )


@dataclass(frozen=True, slots=True)
class DocumentVersion:
    """Which state of a document something came from: its attempt and its file's keyed digest."""

    attempt: int
    content_digest: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that answers a query, with the document it stands in; `rank` counts from 1.

    `copies` say the same as it does, in other places. `version` is None where it was not read from
    the rows.
    """

    chunk_id: str
    document_id: str
    document_name: str
    rank: int
    chunk: Chunk
    copies: tuple["Hit", ...] = ()
    version: DocumentVersion | None = None


def with_copies(hit: Hit) -> Iterator[Hit]:
    """Yield a hit and its copies, each with the others as its copies."""
    all_of = (replace(hit, copies=()), *hit.copies)
    for one in all_of:
        yield replace(one, copies=tuple(other for other in all_of if other is not one))
