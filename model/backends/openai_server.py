"""The generator that asks an OpenAI-compatible server: vLLM, SGLang, llama.cpp.

Waiting on the network happens in an event loop of its own, because a blocking read can neither be
cancelled at once nor have one time limit for the first token and another between tokens.
"""

import asyncio
import random
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import httpx

from model.backends.breaker import CircuitBreaker
from model.backends.loop_thread import LoopThread
from model.backends.openai_description import ServerDescription
from model.backends.openai_stream import Answer, AnswerStream
from model.backends.openai_wire import request_body
from model.backends.port import GenerationPiece, GenerationRequest
from model.backends.token_estimate import estimate_tokens
from model.errors import (
    GenerationFailed,
    GeneratorClosed,
    InvalidRequest,
    ModelError,
    PromptTooLong,
)
from model.settings import ModelServerSettings, ModelSettings

_LOOK_SECONDS = 0.05
"""How often a waiting request looks whether it was cancelled."""
_TEMPLATE_TOKENS = 16
"""What a chat template adds to a message, at most."""
_Inbox = SimpleQueue[GenerationPiece | ModelError]
Result = TypeVar("Result")


class OpenAIServerGenerator:
    """Streams answers from the configured server. Safe to share among threads."""

    def __init__(
        self,
        settings: ModelSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        """Take the time in seconds and numbers from 0 to 1 from the caller. Starts a thread."""
        server = settings.server
        self._settings = settings
        self._client = _client(server)
        self._description = ServerDescription(
            self._client, settings.name, CircuitBreaker(1, server.breaker_open_seconds, clock)
        )
        breaker = CircuitBreaker(server.breaker_failures_max, server.breaker_open_seconds, clock)
        self._stream = AnswerStream(self._client, server, breaker, uniform)
        self._loop = LoopThread("model-server")
        self._closed = False

    @property
    def name(self) -> str:
        """The name under which the server serves the model."""
        return self._settings.name

    @property
    def context_tokens_max(self) -> int:
        """The smaller of the setting and what the server says, if it does."""
        return self._run(self._context_tokens_max())

    @property
    def enforces_allowed(self) -> bool:
        """It cannot: such servers agree on no way to ask for it."""
        return False

    def count_tokens(self, text: str) -> int:
        """Let the server count where it can; else estimate, rather too many than too few."""
        return self._run(self._count_tokens(text))

    def generate(
        self, request: GenerationRequest, cancelled: threading.Event | None = None
    ) -> Iterator[GenerationPiece]:
        """Stream the answer; see `Generator.generate`. Errors come with the first piece.

        Raises:
            GeneratorUnavailable: the server is down, or broke off.
            ModelServerRefused: it does not take the request, because of a setting.
        """
        if request.allowed is not None:
            message = "`allowed` needs the local model: a server cannot be held to it"
            raise InvalidRequest(message)
        inbox: _Inbox = SimpleQueue()
        self._refuse_when_closed()
        task = self._loop.start(self._write(request, inbox))
        try:
            yield from _received(inbox, cancelled or threading.Event())
        finally:
            task.cancel()

    def forget(self, tenant: str) -> None:
        """Do nothing: what the server keeps, and for how long, is set there."""

    def close(self) -> None:
        """End all answers with an error, close the connections and end the thread."""
        if not self._closed:
            self._closed = True
            self._loop.close(self._client.aclose())

    async def _write(self, request: GenerationRequest, inbox: _Inbox) -> None:
        try:
            prompt_tokens, new_tokens_max = await self._room(request)
            body = request_body(self.name, request, new_tokens_max)
            seconds_max = request.deadline_seconds or self._settings.request_seconds_max
            await self._stream.write(body, seconds_max, Answer(inbox.put, prompt_tokens))
        except asyncio.CancelledError:
            inbox.put(GeneratorClosed())  # the reader has gone, or we were closed
            raise
        except ModelError as error:
            inbox.put(error)
        except Exception as error:  # noqa: BLE001 - a reader waits for an end, whatever happened
            inbox.put(GenerationFailed(error))

    async def _room(self, request: GenerationRequest) -> tuple[int, int]:
        """Count the prompt's tokens and those that may follow; servers refuse to be asked for more.

        Raises:
            PromptTooLong: none may.
        """
        limit = await self._context_tokens_max()
        text = "\n".join(message.content for message in request.messages)
        around = _TEMPLATE_TOKENS * (len(request.messages) + 1)
        estimate = estimate_tokens(text) + around
        if estimate + request.new_tokens_max <= limit:
            return estimate, request.new_tokens_max
        count = await self._count_tokens(text) + around
        if count >= limit:
            raise PromptTooLong(count, limit)
        return count, min(request.new_tokens_max, limit - count)

    async def _context_tokens_max(self) -> int:
        announced = await self._description.context_tokens_max()
        ours = self._settings.context_tokens_max
        return ours if announced is None else min(ours, announced)

    async def _count_tokens(self, text: str) -> int:
        counted = await self._description.count_tokens(text)
        return estimate_tokens(text) if counted is None else counted

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        if self._closed:
            work.close()
            raise GeneratorClosed
        return self._loop.start(work).result()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise GeneratorClosed


def _received(inbox: _Inbox, cancelled: threading.Event) -> Iterator[GenerationPiece]:
    pieces = 0
    while not cancelled.is_set():
        with suppress(Empty):
            item = inbox.get(timeout=_LOOK_SECONDS)
            if isinstance(item, ModelError):
                raise item
            yield item
            if item.finish_reason is not None:
                return
            pieces += 1
    yield GenerationPiece("", "cancelled", completion_tokens=pieces)


def _client(settings: ModelServerSettings) -> httpx.AsyncClient:
    """Make a client of this one address: no redirects, no proxies or keys from the environment.

    Certificates are those that the system trusts.
    """
    key = settings.api_key
    # Over plain HTTP there is nothing to verify, and a context takes a tenth of a second to make.
    is_secure = settings.url is not None and settings.url.scheme == "https"
    return httpx.AsyncClient(
        base_url=str(settings.url),
        headers={"Authorization": f"Bearer {key.get_secret_value()}"} if key else {},
        verify=ssl.create_default_context() if is_secure else False,
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(None, connect=settings.connect_seconds_max),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
    )
