"""The queue of documents: what waits, runs and failed, and trying again."""

from typing import Annotated

from fastapi import APIRouter, Query

from api import queue_schemas as schemas
from api.caller import CallerOf
from ingest.queue import RATE_WINDOW, Queue, queue_of
from security.principal import Verb

router = APIRouter(prefix="/v1/queue", tags=["documents"])


@router.get("")
def get_queue(caller: CallerOf, collection: Annotated[str | None, Query()] = None) -> schemas.Queue:
    """Count the documents that wait, run, failed and became ready, as far as the caller sees."""
    state = caller.state
    with caller.reading() as visit:
        scope = visit.scope()
        if collection is not None:
            found = state.collections.find(visit.session, visit.principal, collection)
            scope = scope.narrowed(frozenset({found.id}))
        queue = queue_of(visit.session, scope, state.clock())
    return _view(queue)


@router.post("/retry", status_code=202)
def retry_failed(wanted: schemas.QueueRetry, caller: CallerOf) -> schemas.QueueRetried:
    """Process failed documents once more, wherever the caller may upload."""
    with caller.writing() as visit:
        visit.require_scope(Verb.UPLOAD)
        retried = caller.state.attempts.retry_failed(
            visit.session, visit.principal, wanted.collection, wanted.code
        )
    return schemas.QueueRetried.model_validate(retried)


def _view(queue: Queue) -> schemas.Queue:
    documents, chunks = queue.rate.per_minute(RATE_WINDOW)
    return schemas.Queue(
        waiting=queue.waiting,
        oldest_waiting_at=queue.oldest_waiting_at,
        running=schemas.QueueRunning.model_validate(queue.running),
        done_documents=queue.done.documents,
        done_chunks=queue.done.chunks,
        documents_per_minute=documents,
        chunks_per_minute=chunks,
        dead_letters=queue.dead_letters,
        cancelled=queue.cancelled,
        failures=[schemas.QueueFailure.model_validate(one) for one in queue.failures],
    )
