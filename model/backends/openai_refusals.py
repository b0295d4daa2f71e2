"""What a model server's refusal means."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from model.backends.breaker import ServerFailed
from model.errors import ModelError, ModelServerBusy, ModelServerRefused, PromptTooLong

_BUSY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_KEY = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_SERVERS_LIMIT = "the model server's context"
_CONTEXT = re.compile(r"context[ _](?:length|size|window)")


def refusal(
    status: int, headers: Mapping[str, str], error: Mapping[str, Any], prompt_tokens: int
) -> ModelError | ServerFailed:
    """Return the error to raise for a response that is no success.

    `error` is what `read_error` found; `prompt_tokens` is our own count, used where the server
    gives none. Its message is not passed on, for it may quote the prompt.
    """
    if status in _BUSY:
        return ModelServerBusy(_retry_seconds(headers))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerFailed(f"answered with status {status}")
    if _is_too_long(error):
        asked, limit = error.get("n_prompt_tokens"), error.get("n_ctx")
        return PromptTooLong(_number(asked) or prompt_tokens, _number(limit), _SERVERS_LIMIT)
    return ModelServerRefused(status, _check(status))


def _is_too_long(error: Mapping[str, Any]) -> bool:
    said = (error.get(key) for key in ("message", "type", "code"))
    return any(_CONTEXT.search(str(text).lower()) for text in said)


def _check(status: int) -> str:
    if status < HTTPStatus.BAD_REQUEST:
        return "it redirects, which is not followed; check the setting server.url"
    if status in _KEY:
        return "check the setting server.api_key"
    if status == HTTPStatus.NOT_FOUND:
        return "check the settings server.url and name"
    return "its own log says why"


def _retry_seconds(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After in seconds; a date, the other form it may have, is not used by servers."""
    value = headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else None


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
