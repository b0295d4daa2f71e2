"""One answer from a model server: time limits, retries before the first token, breaker."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from model.backends.breaker import CircuitBreaker, ServerFailed
from model.backends.openai_refusals import refusal
from model.backends.openai_wire import Chunk, Usage, read_chunks, read_error
from model.backends.port import FinishReason, GenerationPiece
from model.errors import GeneratorUnavailable
from model.settings import ModelServerSettings

_PAUSE_SECONDS = 0.25
"""The first retry comes after up to this; each later one after up to twice the one before."""
_TRY_AGAIN_SECONDS = 1.0
Deliver = Callable[[GenerationPiece], None]


@dataclass(slots=True)
class Answer:
    """What is known of an answer while it comes in."""

    deliver: Deliver
    prompt_tokens: int
    """Our own count, which the server's replaces."""
    pieces: int = 0

    def take(self, text: str) -> None:
        """Pass the next piece of text on."""
        self.pieces += 1
        self.deliver(GenerationPiece(text))

    def end(self, reason: FinishReason, usage: Usage | None = None) -> None:
        """Pass the last piece on; without the server's counts, a piece counts as a token."""
        counted = usage or Usage(prompt_tokens=self.prompt_tokens, completion_tokens=self.pieces)
        self.deliver(
            GenerationPiece(
                "", reason, counted.prompt_tokens, counted.completion_tokens, counted.cached_tokens
            )
        )


class AnswerStream:
    """Sends requests and reads their answers; for the tasks of one event loop."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        settings: ModelServerSettings,
        breaker: CircuitBreaker,
        uniform: Callable[[], float],
    ) -> None:
        """`uniform` draws from 0 to 1, so that the retries of many clients spread over time."""
        self._client = client
        self._settings = settings
        self._breaker = breaker
        self._uniform = uniform

    async def write(self, body: Mapping[str, Any], seconds_max: float, answer: Answer) -> None:
        """Deliver an answer; cancelling closes the connection.

        Raises:
            model.errors.ModelError: the server is down, busy, or refuses the request.
        """
        try:
            async with asyncio.timeout(seconds_max):
                await self._with_retries(body, answer)
        except TimeoutError:
            answer.end("deadline")
        except ServerFailed as error:
            seconds = self._breaker.retry_seconds if self._breaker.is_open else _TRY_AGAIN_SECONDS
            raise GeneratorUnavailable(str(error), seconds) from error

    async def _with_retries(self, body: Mapping[str, Any], answer: Answer) -> None:
        with self._breaker.guard():
            for attempt in range(self._settings.retries_max + 1):
                try:
                    await self._once(body, answer)
                except ServerFailed as error:
                    last = attempt == self._settings.retries_max
                    if answer.pieces or last or not error.may_retry:
                        raise
                else:
                    return
                await asyncio.sleep(_PAUSE_SECONDS * 2**attempt * self._uniform())

    async def _once(self, body: Mapping[str, Any], answer: Answer) -> None:
        try:
            async with asyncio.timeout(self._settings.first_token_seconds_max) as limit:
                async with self._client.stream("POST", "chat/completions", json=body) as response:
                    if response.status_code != HTTPStatus.OK:
                        error = await read_error(response)
                        raise refusal(
                            response.status_code, response.headers, error, answer.prompt_tokens
                        )
                    await self._read(response, answer, limit)
        except TimeoutError as error:
            raise ServerFailed(self._too_slow(answer), may_retry=False) from error
        except httpx.TransportError as error:
            raise ServerFailed(_in_words(error, answer)) from error

    async def _read(self, response: httpx.Response, answer: Answer, limit: asyncio.Timeout) -> None:
        reason: FinishReason | None = None
        usage: Usage | None = None
        async for chunk in read_chunks(response):
            self._extend(limit, chunk)
            if chunk.text:
                answer.take(chunk.text)
            reason = reason or chunk.finish_reason
            usage = chunk.usage or usage
        if reason is None:
            raise ServerFailed("broke the answer off")
        answer.end(reason, usage)

    def _extend(self, limit: asyncio.Timeout, chunk: Chunk) -> None:
        if chunk.text or chunk.is_thinking or chunk.finish_reason:
            self._breaker.answered()
            now = asyncio.get_running_loop().time()
            limit.reschedule(now + self._settings.between_tokens_seconds_max)

    def _too_slow(self, answer: Answer) -> str:
        settings = self._settings
        if answer.pieces:
            return f"wrote nothing for {settings.between_tokens_seconds_max:g} s"
        return f"did not begin to answer within {settings.first_token_seconds_max:g} s"


def _in_words(error: httpx.TransportError, answer: Answer) -> str:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return "cannot be reached"
    return "broke the answer off" if answer.pieces else "closed the connection"
