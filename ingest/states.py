"""The states of a document and how far each stage is along the way."""

from enum import StrEnum


class Status(StrEnum):
    """What is happening to a document; only `READY` documents are searched."""

    QUEUED = "queued"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


class Stage(StrEnum):
    """Where in its processing a document is."""

    QUEUED = "queued"
    PARSING = "parsing"
    CHUNKING = "chunking"
    EMBEDDING = "embedding"
    INDEXING = "indexing"
    READY = "ready"


# Percent at the start of each stage. Embedding takes nearly all of the time: a page is parsed in
# hundredths of a second and embedded in tenths.
PROGRESS: dict[Stage, int] = {
    Stage.QUEUED: 0,
    Stage.PARSING: 2,
    Stage.CHUNKING: 15,
    Stage.EMBEDDING: 20,
    Stage.INDEXING: 98,
    Stage.READY: 100,
}


def reading_progress(done: int, total: int) -> int:
    """Return the percentage when `done` of `total` scanned pages are read."""
    return _between(Stage.PARSING, Stage.CHUNKING, done, total)


def embedding_progress(done: int, total: int) -> int:
    """Return the percentage when `done` of `total` chunks are embedded."""
    return _between(Stage.EMBEDDING, Stage.INDEXING, done, total)


def _between(stage: Stage, following: Stage, done: int, total: int) -> int:
    start, end = PROGRESS[stage], PROGRESS[following]
    return start + (end - start) * done // max(total, 1)


def content_blob(document_id: str) -> str:
    """Name the blob of the uploaded file."""
    return f"{document_id}.content"


def text_blob(document_id: str, attempt: int) -> str:
    """Name the blob of the parsed text of one attempt."""
    return f"{document_id}.{attempt}.text"


def view_blob(document_id: str, attempt: int) -> str:
    """Name the blob of the PDF to look at, which only some office documents have."""
    return f"{document_id}.{attempt}.view"


def blobs_of(document_id: str, attempt: int) -> list[str]:
    """Name all blobs that a document can have had up to `attempt`."""
    numbers = range(1, attempt + 1)
    made = [blob(document_id, number) for number in numbers for blob in (text_blob, view_blob)]
    return [content_blob(document_id), *made]
