"""Carries what botocore wants to send through the guard of outgoing requests.

botocore signs requests and reads answers; its own HTTP client would call any address, follow
proxies of the environment and read without end. Its event `before-send` lets us send instead.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from security.outbound import OutboundClient

_OF_THE_CONNECTION: Final = frozenset({"host", "connection", "content-length"})


class GuardedSender:
    """Sends one request and reads its answer whole, within the limits of `http`."""

    def __init__(self, http: OutboundClient) -> None:
        self._http = http

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Answer botocore's event.

        Raises:
            OutboundFailed: the address may not be called, or the call failed.
        """
        answer = self._http.request(
            request.method, request.url, headers=_texts(request.headers), content=request.body
        )
        return AWSResponse(
            request.url, answer.status_code, dict(answer.headers), _Body(answer.content)
        )


class _Body:
    """An answer's bytes, as botocore reads them: whole, or as a stream."""

    def __init__(self, content: bytes) -> None:
        self._rest = content

    def stream(self) -> Iterator[bytes]:
        """Yield everything."""
        yield self.read()

    def read(self, size: int | None = None) -> bytes:
        """Take the next bytes."""
        end = len(self._rest) if size is None else size
        piece, self._rest = self._rest[:end], self._rest[end:]
        return piece


def _texts(headers: Mapping[str, str | bytes]) -> dict[str, str]:
    return {
        name: value.decode("latin-1") if isinstance(value, bytes) else value
        for name, value in headers.items()
        if name.lower() not in _OF_THE_CONNECTION
    }
