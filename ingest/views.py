"""Documents and collections as callers see them: names opened, keys and digests left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ingest.blocks import BLOCK_SEPARATOR, BlockKind, ParsedDocument
from ingest.errors import ERRORS, IngestError
from ingest.omissions import Omission, Part, read_stored
from retrieval.labels import author_place
from retrieval.tables import Document
from security.cipher import Cipher
from security.places import Place
from security.principal import Role


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a document's processing ended, in words; `retryable` without changing the file."""

    code: str
    detail: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class OmissionView:
    """What was not read of a document that is ready, and why in words; see `Omission`."""

    part: Part
    count: int
    pages: Sequence[tuple[int, int]]
    code: str
    detail: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document; `progress` is in percent."""

    id: str
    name: str
    collection_id: str
    media_type: str
    size_bytes: int
    status: str
    stage: str
    progress: int
    error: Failure | None
    omissions: Sequence[OmissionView]
    page_count: int | None
    chunk_count: int
    language: str | None
    dated_on: date
    author: str | None
    tags: Sequence[str]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Upload:
    """The outcome of an upload; `duplicate`: the collection had exactly these bytes already."""

    document: DocumentView
    duplicate: bool


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """A part of a listing, newest first; `total` counts all that the caller may see in it."""

    items: list[DocumentView]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class BlockView:
    """A block with its character offsets in the document's text."""

    kind: BlockKind
    level: int
    text: str
    page: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DocumentText:
    """The whole text of a document as its blocks."""

    document: DocumentView
    blocks: list[BlockView]


@dataclass(frozen=True, slots=True)
class CollectionView:
    """A collection with the caller's role in it and the documents that the caller may see."""

    id: str
    name: str
    role: Role
    document_count: int
    created_at: datetime


def view_document(
    row: Document, name: str, author: str | None = None, tags: Sequence[str] = ()
) -> DocumentView:
    """Show a row under its opened name, author and tags."""
    return DocumentView(
        id=row.id,
        name=name,
        collection_id=row.collection_id,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        status=row.status,
        stage=row.stage,
        progress=row.progress,
        error=_failure(row),
        omissions=[_omission(one) for one in read_stored(row.omissions)],
        page_count=row.page_count,
        chunk_count=row.chunk_count,
        language=row.language,
        dated_on=row.dated_on,
        author=author,
        tags=tags,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def opened_view(row: Document, cipher: Cipher, tags: Mapping[str, str]) -> DocumentView:
    """Open and show a row; `tags` are by digest."""
    name = cipher.open(Place("documents", row.id, "name"), row.name).decode()
    sealed = row.author
    author = None if sealed is None else cipher.open(author_place(row.id), sealed).decode()
    return view_document(row, name, author, tuple(tags.values()))


def view_blocks(document: ParsedDocument) -> list[BlockView]:
    """Number the characters of each block as `ParsedDocument.text` has them."""
    views, start = [], 0
    for block in document.blocks:
        end = start + len(block.text)
        views.append(BlockView(block.kind, block.level, block.text, block.page, start, end))
        start = end + len(BLOCK_SEPARATOR)
    return views


def _failure(row: Document) -> Failure | None:
    if row.error_code is None:
        return None
    kind = ERRORS.get(row.error_code, IngestError)
    return Failure(row.error_code, row.error_detail or kind.message, kind.retryable)


def _omission(one: Omission) -> OmissionView:
    kind = ERRORS.get(one.reason, IngestError)
    words = kind.message, kind.retryable
    return OmissionView(one.part, one.count, one.pages, one.reason, *words)
