"""The corpus as retrieval sees it: boxes, chunks and hits."""

from dataclasses import dataclass


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
class Hit:
    """A chunk that answers a query, with the document it stands in; `rank` counts from 1."""

    chunk_id: str
    document_id: str
    document_name: str
    rank: int
    chunk: Chunk
