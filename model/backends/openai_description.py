"""What a model server says of itself, where it says it: its context, and how it counts tokens."""

from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from model.backends.breaker import CircuitBreaker, ServerFailed
from model.errors import GeneratorUnavailable

_SECONDS_MAX = 5
_NO_SUCH_PATH = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
Form = TypeVar("Form", bound=BaseModel)


class _Meta(BaseModel):
    n_ctx: int | None = None
    n_ctx_train: int | None = None


class _Model(BaseModel):
    id: str = ""
    max_model_len: int | None = None
    meta: _Meta | None = None

    @property
    def context_tokens_max(self) -> int | None:
        """As vLLM and SGLang say it, or llama.cpp: for one request, or as trained."""
        meta = self.meta or _Meta()
        return self.max_model_len or meta.n_ctx or meta.n_ctx_train


class _Models(BaseModel):
    data: list[_Model]


class _Tokens(BaseModel):
    tokens: list[Any]


class ServerDescription:
    """Asks the server, and does without when it gives no answer."""

    def __init__(self, client: httpx.AsyncClient, model: str, breaker: CircuitBreaker) -> None:
        """`breaker` is for these questions alone: they may fail where answers do not."""
        self._client = client
        self._model = model
        self._breaker = breaker
        self._context_tokens_max: int | None = None
        self._knows_context = False
        self._can_count = True

    async def context_tokens_max(self) -> int | None:
        """Return how many tokens prompt and answer may have together; None if it does not say."""
        if not self._knows_context:
            response = await self._ask("GET", self._client.base_url.join("models"))
            self._knows_context = response is not None
            found = _read(_Models, response)
            models = found.data if found is not None else []
            named = [model for model in models if model.id == self._model] or models
            self._context_tokens_max = named[0].context_tokens_max if named else None
        return self._context_tokens_max

    async def count_tokens(self, text: str) -> int | None:
        """Let the server count; None if it cannot.

        Path and fields serve vLLM and SGLang (`prompt`) as well as llama.cpp (`content`).
        """
        if not self._can_count:
            return None
        body = {"model": self._model, "prompt": text, "content": text, "add_special_tokens": False}
        response = await self._ask("POST", _beside_v1(self._client.base_url, "tokenize"), body)
        if response is not None and response.status_code in _NO_SUCH_PATH:
            self._can_count = False
        found = _read(_Tokens, response)
        return len(found.tokens) if found is not None else None

    async def _ask(
        self, method: str, url: httpx.URL, body: Mapping[str, Any] | None = None
    ) -> httpx.Response | None:
        with suppress(GeneratorUnavailable, ServerFailed), self._breaker.guard():
            try:
                response = await self._client.request(method, url, json=body, timeout=_SECONDS_MAX)
            except httpx.TransportError as error:
                raise ServerFailed("cannot be asked") from error
            self._breaker.answered()
            return response
        return None


def _read(form: type[Form], response: httpx.Response | None) -> Form | None:
    if response is None or not response.is_success:
        return None
    try:
        return form.model_validate_json(response.content)
    except ValidationError:
        return None


def _beside_v1(base: httpx.URL, name: str) -> httpx.URL:
    """Return the address of what does not belong to OpenAI's API, so stands beside its folder."""
    return base.join(f"../{name}" if base.path.endswith("/v1/") else name)
