"""Answers: whole, or streamed as server-sent events while they are written."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Generator, Iterator
from contextlib import closing
from typing import Any, TypeVar, cast

from fastapi import APIRouter, Request, Response
from fastapi.sse import EventSourceResponse, format_sse_event
from pydantic import BaseModel

from api import schemas
from api.caller import Caller, CallerOf
from api.filters import opened_filters
from api.problems import log_failure, problem_of
from api.streams import ThreadStream
from qa.answer import Answer, CitationFound, Done, Event, Started, Token
from security.principal import Verb

router = APIRouter(prefix="/v1/answers", tags=["answers"])

_WATCH_SECONDS = 0.25
_REFUSAL_SECONDS = 1.0
"""So long a stream that has started waits for a refusal, such as that of a busy model."""

Result = TypeVar("Result")

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer; with `stream`, events: started, token, citation, done, error.",
        "content": {
            "text/event-stream": {
                "itemSchema": {
                    "type": "object",
                    "properties": {
                        "event": {"enum": ["started", "token", "citation", "done", "error"]},
                        "data": {"type": "string", "contentMediaType": "application/json"},
                    },
                    "required": ["event", "data"],
                }
            }
        },
    }
}


@router.post("", response_model=schemas.Answer, responses=_STREAM)
async def answer(question: schemas.Question, request: Request, caller: CallerOf) -> object:
    """Answer a question from the documents the caller may ask about, each sentence cited."""
    events = ThreadStream(lambda cancelled: _ask(caller, question, cancelled))
    if question.stream:
        stream = aiter(events)
        # What refuses the question does so before the first event, as an ordinary problem.
        begun = await _unless_gone(request, _begun(stream))
        if begun is None:
            return _nobody_waits()
        return EventSourceResponse(_sse(begun), headers={"Cache-Control": "no-store"})
    return await _unless_gone(request, _last(events)) or _nobody_waits()


@router.put("/{answer_id}/feedback", status_code=204)
def give_feedback(answer_id: str, feedback: schemas.Feedback, caller: CallerOf) -> None:
    """Say whether one of your answers helped; null takes it back."""
    with caller.writing() as visit:
        visit.require_scope(Verb.ASK)
        caller.state.feedback.give(
            visit.session, visit.principal, answer_id, helpful=feedback.helpful
        )


def view_answer(answer: Answer) -> schemas.Answer:
    """Show an answer."""
    return schemas.Answer(
        id=answer.id,
        conversation_id=answer.conversation_id,
        answer=answer.text,
        refused=answer.refused,
        interrupted=answer.interrupted,
        cached=answer.cached,
        unanswered=list(answer.unanswered),
        citations=[schemas.Citation.model_validate(item) for item in answer.citations],
        model=answer.model,
        usage=schemas.Usage.model_validate(answer.usage),
        timings=schemas.Timings.model_validate(answer.timings),
    )


def _ask(caller: Caller, question: schemas.Question, cancelled: threading.Event) -> Iterator[Event]:
    state = caller.state
    with caller.writing() as visit:
        visit.require_scope(Verb.ASK)
        principal = visit.principal
        subjects = caller.subjects(principal)
        state.budgets.admit(visit.session, principal.tenant_id, subjects)
        filters = opened_filters(
            visit.session, state.keyring, principal.tenant_id, question.filters
        )
    wanted = question.collections
    events = state.answers.answer(
        principal,
        question.question,
        collections=None if wanted is None else frozenset(wanted),
        filters=filters,
        conversation_id=question.conversation_id,
        cancelled=cancelled,
    )
    with closing(cast("Generator[Event]", events)):  # which stops the model
        for event in events:
            if isinstance(event, Done) and (tokens := event.answer.usage.completion_tokens):
                with state.database.transaction(principal.tenant_id) as session:
                    state.budgets.spend(session, principal.tenant_id, subjects, tokens)
            yield event


async def _unless_gone(request: Request, result: Awaitable[Result]) -> Result | None:
    """Wait for a result; when the caller goes away first, cancel it and return None."""
    reading = asyncio.ensure_future(result)
    while not reading.done():
        await asyncio.wait({reading}, timeout=_WATCH_SECONDS)
        if not reading.done() and await request.is_disconnected():
            reading.cancel()
            return None
    return await reading


def _nobody_waits() -> Response:
    return Response(status_code=499)  # nginx's number for a client that closed; only logs show it


async def _last(events: ThreadStream[Event]) -> schemas.Answer:
    async for event in events:
        if isinstance(event, Done):
            return view_answer(event.answer)
    raise RuntimeError("the answer ended without its last event")


async def _begun(stream: AsyncIterator[Event]) -> AsyncIterator[Event]:
    """Wait for what may refuse the question, then give all events back."""
    started = await anext(stream)
    following = asyncio.ensure_future(anext(stream))
    try:
        await asyncio.wait({following}, timeout=_REFUSAL_SECONDS)
    except asyncio.CancelledError:
        following.cancel()
        raise
    if following.done():
        following.result()
    return _chained(started, following, stream)


async def _chained(
    started: Event, following: Awaitable[Event], rest: AsyncIterator[Event]
) -> AsyncIterator[Event]:
    yield started
    yield await following
    async for event in rest:
        yield event


async def _sse(events: AsyncIterator[Event]) -> AsyncIterator[bytes]:
    try:
        async for event in events:
            yield _encoded(event)
    except Exception as error:  # noqa: BLE001 - the status line has left; the stream tells
        log_failure(error)
        yield _frame("error", problem_of(error))


def _encoded(event: Event) -> bytes:
    match event:
        case Started():
            return _frame(
                "started", _Begun(conversation_id=event.conversation_id, id=event.answer_id)
            )
        case Token():
            return _frame("token", _TokenText(text=event.text))
        case CitationFound():
            return _frame("citation", schemas.Citation.model_validate(event.citation))
        case Done():
            return _frame("done", view_answer(event.answer))


class _Begun(BaseModel):
    conversation_id: str
    id: str


class _TokenText(BaseModel):
    text: str


def _frame(name: str, data: BaseModel) -> bytes:
    return format_sse_event(event=name, data_str=data.model_dump_json())
