"""Trying again, cancelling, and the counts of the queue."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ingest.attempts import Attempts, Retried
from ingest.collections import CollectionService
from ingest.errors import CancelRefused, InvalidCursor, RetryRefused
from ingest.listing import Kept
from ingest.queue import Queue, queue_of
from ingest.service import DocumentService
from ingest.states import PROGRESS, Stage, Status
from ingest.views import CollectionView, DocumentView
from retrieval.access import scope_for
from retrieval.tables import Document
from security.errors import Forbidden, NotFound
from security.principal import Principal, Role
from storage.database import Database

Upload = Callable[..., DocumentView]
Put = Callable[..., None]


@pytest.fixture
def put(database: Database, clock) -> Put:
    """Bring documents into a state, as the worker would, each a second after the last."""

    def change(status: Status, *documents: DocumentView, **columns: object) -> None:
        with database.transaction() as session:
            for document in documents:
                row = session.get_one(Document, document.id)
                row.status, row.updated_at = status, clock()
                for name, value in columns.items():
                    setattr(row, name, value)

    return change


@pytest.fixture
def look(database: Database, clock) -> Callable[[Principal], Queue]:
    def count(principal: Principal) -> Queue:
        with database.reading() as session:
            return queue_of(session, scope_for(session, principal), clock.now)

    return count


def test_retry(
    *,
    database: Database,
    documents: DocumentService,
    attempts: Attempts,
    owner: Principal,
    upload: Upload,
    put: Put,
    audited,
) -> None:
    document = upload(b"hello")
    with database.transaction() as session, pytest.raises(RetryRefused):
        attempts.retry(session, owner, document.id)
    reason = {"error_code": "parser_timed_out", "error_detail": "It took too long."}
    put(Status.FAILED, document, stage=Stage.PARSING, progress=7, **reason)
    with database.transaction() as session:
        failed = documents.get(session, scope_for(session, owner), document.id)
        assert failed.error is not None
        assert (failed.error.code, failed.error.detail) == tuple(reason.values())
        assert failed.error.retryable
        attempts.retry(session, owner, document.id)
        again = documents.get(session, scope_for(session, owner), document.id)
    assert (again.status, again.stage, again.progress, again.error) == ("queued", "queued", 0, None)
    with database.reading() as session:
        assert session.get_one(Document, document.id).attempt == 2
    assert audited()[-1] == "document.retry"


@pytest.mark.parametrize("status", [Status.QUEUED, Status.PROCESSING])
def test_cancel(
    *,
    database: Database,
    documents: DocumentService,
    attempts: Attempts,
    owner: Principal,
    upload: Upload,
    put: Put,
    audited,
    status: Status,
) -> None:
    document = upload(b"hello")
    put(status, document, stage=Stage.EMBEDDING, progress=PROGRESS[Stage.EMBEDDING])
    with database.transaction() as session:
        attempts.cancel(session, owner, document.id)
        ended = documents.get(session, scope_for(session, owner), document.id)
    assert ended.status == "failed"
    assert ended.error is not None
    assert (ended.error.code, ended.error.retryable) == ("cancelled", True)
    assert audited()[-1] == "document.cancel"


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED])
def test_what_has_ended_is_not_cancelled(
    *, database: Database, attempts: Attempts, owner: Principal, upload: Upload, put: Put, status
) -> None:
    document = upload(b"hello")
    put(status, document)
    with database.transaction() as session, pytest.raises(CancelRefused):
        attempts.cancel(session, owner, document.id)


def test_the_queue_counts_what_waits_runs_failed_and_was_done(
    *, owner: Principal, upload: Upload, put: Put, look, clock
) -> None:
    old, first, second, running, broken, crashed, stopped, late = (
        upload(bytes([97 + n])) for n in range(8)
    )
    put(Status.READY, old, chunk_count=50)
    clock.now += timedelta(minutes=58)
    put(Status.READY, first, chunk_count=4)
    clock.now += timedelta(minutes=11)
    put(Status.READY, second, chunk_count=30)
    put(Status.PROCESSING, running, stage=Stage.EMBEDDING)
    put(Status.FAILED, broken, error_code="document_damaged")
    put(Status.FAILED, crashed, error_code="worker_crashed")
    put(Status.FAILED, stopped, error_code="cancelled")
    queue = look(owner)
    assert (queue.waiting, queue.oldest_waiting_at) == (1, late.updated_at)
    assert queue.running == {"embedding": 1}
    assert (queue.done.documents, queue.done.chunks) == (2, 34)
    assert queue.rate.per_minute(timedelta(minutes=10)) == (0.1, 3.0)
    assert {(one.code, one.count) for one in queue.failures} == {
        ("document_damaged", 1),
        ("worker_crashed", 1),
        ("cancelled", 1),
    }
    assert (queue.dead_letters, queue.cancelled) == (1, 1)


def test_the_queue_of_somebody_who_sees_nothing_is_empty(
    upload: Upload, put: Put, look, person
) -> None:
    put(Status.FAILED, upload(b"a"), error_code="worker_crashed")
    upload(b"b")
    queue = look(person("stranger", {"another": Role.OWNER}))
    assert (queue.waiting, queue.oldest_waiting_at, queue.failures) == (0, None, [])


def test_all_dead_letters_are_tried_again_a_few_at_a_time(
    *, database: Database, attempts: Attempts, owner: Principal, upload: Upload, put: Put, audited
) -> None:
    letters = [upload(bytes([97 + n])) for n in range(3)]
    put(Status.FAILED, *letters, error_code="worker_crashed")
    put(Status.FAILED, upload(b"x"), error_code="document_damaged")
    put(Status.FAILED, upload(b"y"), error_code="cancelled")
    for expected in (Retried(2, 1), Retried(1, 0), Retried(0, 0)):
        with database.transaction() as session:
            assert attempts.retry_failed(session, owner, None, None) == expected
    assert audited()[-3:] == ["document.retry"] * 3
    with database.transaction() as session:
        assert attempts.retry_failed(session, owner, "Papers", "cancelled") == Retried(1, 0)


def test_only_where_one_may_upload_is_anything_tried_again(
    *,
    database: Database,
    attempts: Attempts,
    collections: CollectionService,
    collection: CollectionView,
    upload: Upload,
    put: Put,
    person,
) -> None:
    put(Status.FAILED, upload(b"a"), error_code="worker_crashed")
    reader = person("reader", {collection.id: Role.READER})
    stranger = person("stranger", {"another": Role.OWNER})
    with database.transaction() as session:
        assert attempts.retry_failed(session, reader, None, None) == Retried(0, 0)
        assert attempts.retry_failed(session, stranger, None, None) == Retried(0, 0)
        with pytest.raises(Forbidden):
            attempts.retry_failed(session, reader, collection.id, None)
        with pytest.raises(NotFound):
            attempts.retry_failed(session, stranger, collection.id, None)


def test_a_listing_keeps_what_it_was_asked_for(
    *, database: Database, documents: DocumentService, owner: Principal, upload: Upload, put: Put
) -> None:
    waiting, broken, crashed = (upload(bytes([97 + n])) for n in range(3))
    put(Status.FAILED, broken, error_code="document_damaged")
    put(Status.FAILED, crashed, error_code="worker_crashed")
    failed = frozenset({Status.FAILED})

    def listed(kept: Kept, cursor: str | None = None) -> tuple[list[str], int, str | None]:
        with database.reading() as session:
            page = documents.page(session, scope_for(session, owner), cursor, 1, kept)
            return [item.id for item in page.items], page.total, page.next_cursor

    assert listed(Kept(frozenset({Status.QUEUED}))) == ([waiting.id], 1, None)
    assert listed(Kept(failed, "document_damaged")) == ([broken.id], 1, None)
    ids, total, cursor = listed(Kept(failed))
    assert (ids, total) == ([crashed.id], 2)
    assert listed(Kept(failed), cursor) == ([broken.id], 2, None)
    with pytest.raises(InvalidCursor):
        listed(Kept(failed), "x")
