"""Any server that speaks OpenAI's `/v1/embeddings`: vLLM, SGLang, TEI, Ollama, a cloud.

API: https://platform.openai.com/docs/api-reference/embeddings
"""

from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import Annotated

import httpx
import numpy as np
from pydantic import BaseModel, Field, ValidationError

from retrieval.embedding.errors import EmbeddingServerError
from retrieval.embedding.port import Vectors
from retrieval.embedding.settings import EmbeddingSettings

_WAIT_SECONDS_FIRST = 0.5
_WAIT_SECONDS_MAX = 20.0
_WORTH_RETRYING = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


class _Item(BaseModel):
    index: int
    embedding: Annotated[list[float], Field(min_length=1)]


class _Reply(BaseModel):
    data: list[_Item]


class OpenAIEmbedder:
    """Vectors from a server; one instance may be shared between threads.

    `sleep` (seconds) and `jitter` (0 to 1) are passed in so that tests neither wait nor vary.
    Construction asks for one vector to learn how many dimensions there are.
    """

    def __init__(
        self,
        settings: EmbeddingSettings,
        *,
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._sleep = sleep
        self._jitter = jitter
        self._url = f"{str(settings.url).rstrip('/')}/embeddings"
        self._client = httpx.Client(
            headers=_authorization(settings), timeout=settings.request_seconds_max
        )
        self._dimensions = int(self._request(["?"]).shape[1])

    @property
    def name(self) -> str:
        """The model's name as the server knows it."""
        return self._settings.model

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._dimensions

    @property
    def passage_tokens_max(self) -> int:
        """As configured: the protocol has no way to ask."""
        return self._settings.passage_tokens_max

    def embed_queries(self, queries: Sequence[str]) -> Vectors:
        """Embed questions."""
        return self._embed([self._settings.query_prefix + query for query in queries])

    def embed_passages(self, passages: Sequence[str]) -> Vectors:
        """Embed passages."""
        return self._embed([self._settings.passage_prefix + passage for passage in passages])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count bytes of UTF-8 over 3, rounded up: the protocol has no way to ask.

        That is one token per Chinese character and per three letters, more than the usual
        tokenizers make, so passages cut by it fit.
        """
        return [-(-len(text.encode()) // 3) for text in texts]

    def close(self) -> None:
        """Close the connections to the server."""
        self._client.close()

    def _embed(self, texts: list[str]) -> Vectors:
        if not texts:
            return np.empty((0, self._dimensions), dtype=np.float32)
        size = self._settings.batch_texts_max
        batches = [texts[start : start + size] for start in range(0, len(texts), size)]
        vectors = np.concatenate([self._request(batch) for batch in batches])
        if vectors.shape[1] != self._dimensions:
            raise EmbeddingServerError("The embedding server changed the length of its vectors.")
        return vectors

    def _request(self, texts: list[str]) -> Vectors:
        waits = _waits(self._settings.attempts_max, self._jitter)
        while True:
            try:
                return _vectors(self._post(texts), len(texts))
            except _TryAgainError as error:
                wait = next(waits, None)
                if wait is None:
                    raise EmbeddingServerError(str(error)) from error
                self._sleep(max(wait, error.wait_seconds_min))

    def _post(self, texts: list[str]) -> httpx.Response:
        body = {"model": self._settings.model, "input": texts, "encoding_format": "float"}
        try:
            response = self._client.post(self._url, json=body)
        except httpx.TransportError as error:
            raise _TryAgainError("The embedding server does not answer.") from error
        if response.status_code in _WORTH_RETRYING:
            raise _TryAgainError(
                f"The embedding server answered with status {response.status_code}.",
                _retry_after_seconds(response),
            )
        if response.status_code != HTTPStatus.OK:
            raise EmbeddingServerError(
                f"The embedding server refused with status {response.status_code}: "
                "check its address, the model's name and the key."
            )
        return response


class _TryAgainError(Exception):
    def __init__(self, message: str, wait_seconds_min: float = 0.0) -> None:
        super().__init__(message)
        self.wait_seconds_min = wait_seconds_min


def _authorization(settings: EmbeddingSettings) -> dict[str, str]:
    key = settings.api_key
    return {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}


def _waits(attempts_max: int, jitter: Callable[[], float]) -> Iterator[float]:
    """Seconds before each retry: doubling, and spread so that clients do not return together."""
    for retry in range(attempts_max - 1):
        yield min(_WAIT_SECONDS_FIRST * 2**retry, _WAIT_SECONDS_MAX) * (0.5 + jitter() / 2)


def _retry_after_seconds(response: httpx.Response) -> float:
    value = response.headers.get("retry-after", "")
    return min(float(value), _WAIT_SECONDS_MAX) if value.isdecimal() else 0.0


def _vectors(response: httpx.Response, count: int) -> Vectors:
    """Read the rows in the order of their indices and scale each to length 1."""
    try:
        items = sorted(_Reply.model_validate_json(response.content).data, key=lambda i: i.index)
    except ValidationError:
        # The cause is dropped: pydantic quotes what it could not read.
        raise EmbeddingServerError("The embedding server sent no embeddings.") from None
    if [item.index for item in items] != list(range(count)):
        raise EmbeddingServerError("The embedding server sent another number of vectors.")
    if len({len(item.embedding) for item in items}) != 1:
        raise EmbeddingServerError("The embedding server sent vectors of different lengths.")
    vectors = np.array([item.embedding for item in items], dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.all(np.isfinite(lengths) & (lengths > 0)):
        raise EmbeddingServerError("The embedding server sent a vector without a direction.")
    return np.asarray(vectors / lengths, dtype=np.float32)
