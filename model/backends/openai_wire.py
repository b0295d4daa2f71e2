"""The OpenAI chat API on the wire, in the dialects of vLLM, SGLang and llama.cpp."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
from pydantic import BaseModel, ValidationError

from model.backends.breaker import ServerFailed
from model.backends.port import FinishReason, GenerationRequest

LINE_BYTES_MAX = 2**20
ERROR_BYTES_MAX = 2**16


class _PromptDetails(BaseModel):
    cached_tokens: int | None = None


class Usage(BaseModel):
    """What a server counted."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _PromptDetails | None = None

    @property
    def cached_tokens(self) -> int:
        """Tokens of the prompt that were in its cache."""
        details = self.prompt_tokens_details
        return (details.cached_tokens or 0) if details is not None else 0


class _Delta(BaseModel):
    content: str | None = None
    reasoning_content: str | None = None


class _Choice(BaseModel):
    delta: _Delta = _Delta()
    finish_reason: str | None = None


class Chunk(BaseModel):
    """One event of a stream."""

    choices: list[_Choice] = []
    usage: Usage | None = None
    error: Any = None

    @property
    def text(self) -> str:
        """The next piece of the answer."""
        return "".join(choice.delta.content or "" for choice in self.choices)

    @property
    def is_thinking(self) -> bool:
        """Whether it holds only what a reasoning model says before its answer."""
        return any(choice.delta.reasoning_content for choice in self.choices)

    @property
    def finish_reason(self) -> FinishReason | None:
        """Why the answer ended, if it did; what is not our limit is the model's own end."""
        for choice in self.choices:
            if choice.finish_reason is not None:
                return "length" if choice.finish_reason == "length" else "stop"
        return None


def request_body(model: str, request: GenerationRequest, new_tokens_max: int) -> dict[str, Any]:
    """Write a request; what is not asked for is left out, since stricter servers refuse it."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        "max_tokens": new_tokens_max,
        "temperature": request.temperature,
        "seed": request.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.stop:
        body["stop"] = list(request.stop)
    if request.top_p is not None:
        body["top_p"] = request.top_p
    if request.top_k is not None:
        body["top_k"] = request.top_k
    if request.repetition_penalty != 1:
        body["repetition_penalty"] = request.repetition_penalty
        body["repeat_penalty"] = request.repetition_penalty  # as llama.cpp calls it
    return body


async def read_chunks(response: httpx.Response) -> AsyncIterator[Chunk]:
    """Read the events of a stream up to its end mark or its end.

    Raises:
        ServerFailed: it is no such stream, or holds an error.
    """
    async for line in _lines(response):
        name, _, value = line.partition(b":")
        if name != b"data":
            continue  # a comment that keeps the connection alive, or another field
        if (data := value.strip()) == b"[DONE]":
            return
        try:
            chunk = Chunk.model_validate_json(data)
        except ValidationError as error:
            raise ServerFailed("sent an event that is not understood") from error
        if chunk.error is not None:
            raise ServerFailed("ended the answer with an error")
        yield chunk


async def read_error(response: httpx.Response) -> dict[str, Any]:
    """Read the body of a refusal: OpenAI's form or a bare object; empty if it is neither."""
    body = b""
    async for block in response.aiter_bytes():
        body += block
        if len(body) > ERROR_BYTES_MAX:
            break
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    error = found.get("error", found) if isinstance(found, dict) else {}
    return error if isinstance(error, dict) else {"message": str(error)}


async def _lines(response: httpx.Response) -> AsyncIterator[bytes]:
    held = b""
    async for block in response.aiter_bytes():
        *lines, held = (held + block).split(b"\n")
        for line in lines:
            yield line
        if len(held) > LINE_BYTES_MAX:
            raise ServerFailed("sent a line without end")
    if held:
        yield held
