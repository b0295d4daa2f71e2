"""The queue of documents as callers see it."""

from datetime import datetime

from pydantic import BaseModel, Field

from api.schema_base import DocumentStatus, Input, View


class Listing(BaseModel):
    """Which documents are listed; `shared`: only from collections that are not listed.

    `error`: only those that failed for it.
    """

    collection: str | None = None
    cursor: str | None = None
    limit: int = Field(default=50, ge=1, le=200)
    shared: bool = False
    status: list[DocumentStatus] | None = Field(default=None, max_length=4)
    error: str | None = None


class QueueFailure(View):
    """Documents that failed for one reason."""

    code: str
    detail: str
    retryable: bool
    count: int
    latest_at: datetime


class QueueRunning(BaseModel):
    """How many documents are in each stage."""

    parsing: int = 0
    chunking: int = 0
    embedding: int = 0
    indexing: int = 0


class Queue(BaseModel):
    """What waits, runs and failed among the documents that the caller may read.

    `done…` are of the last hour, the rates of the last ten minutes. `dead_letters` failed after
    the last automatic attempt although their file may be sound.
    """

    waiting: int
    oldest_waiting_at: datetime | None
    running: QueueRunning
    done_documents: int
    done_chunks: int
    documents_per_minute: float
    chunks_per_minute: float
    dead_letters: int
    cancelled: int
    failures: list[QueueFailure]


class QueueRetry(Input):
    """Which failures to try again: those with this code, without one all dead letters."""

    collection: str | None = None
    code: str | None = None


class QueueRetried(View):
    """How many wait again; `remaining` are for a further request."""

    retried: int
    remaining: int
