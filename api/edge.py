"""The first look at a request: the name it was sent to, how large it is, how slowly it comes."""

import asyncio
import math
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import ApiError, problem_response
from api.settings import Settings

LARGER_BODIES: Mapping[tuple[str, str], float] = {
    ("POST", "/v1/documents"): math.inf,  # `api.uploads` counts, by the limit of uploads
    ("POST", "/v1/evaluations"): 32 * 1024 * 1024,  # a line for each question of a run
}
"""What may be larger than `request_bytes_max`, in bytes."""


class RequestTooLarge(HTTPException):
    """The body is over the limit. FastAPI lets this kind of exception through while it reads."""

    def __init__(self) -> None:
        super().__init__(413)


class RequestTooSlow(HTTPException):
    """The client began a body and fell silent."""

    def __init__(self) -> None:
        super().__init__(408)


class Edge:
    """ASGI middleware that refuses a foreign `Host` and gives up on a client that falls silent.

    A page of another site can reach a server inside through a name of its own that it points there
    (DNS rebinding). An IP address or `localhost` cannot be such a name, so they always count.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = trusted_hosts(settings)
        self._request_bytes_max = settings.request_bytes_max
        self._idle_seconds_max = settings.request_idle_seconds_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, bytes_max = Headers(scope=scope), self._bytes_max(scope)
        announced = headers.get("content-length", "")
        if not self._is_ours(headers.getlist("host")):
            await problem_response(_misdirected())(scope, receive, send)
        elif announced.isdigit() and int(announced) > bytes_max:
            await problem_response(RequestTooLarge())(scope, receive, send)
        else:
            await self._app(scope, self._limited(receive, bytes_max), send)

    def _bytes_max(self, scope: Scope) -> float:
        place = scope["method"], scope["path"].rstrip("/")
        return LARGER_BODIES.get(place, self._request_bytes_max)

    def _is_ours(self, hosts: list[str]) -> bool:
        if not hosts:
            return True  # HTTP/1.0: no browser, which is what a foreign name needs
        if len(hosts) != 1:
            return False
        name = host_name(hosts[0])
        return name is not None and (name in self._hosts or _is_address(name))

    def _limited(self, receive: Receive, bytes_max: float) -> Receive:
        """Count the body, and wait for each piece of it only so long.

        Once it is whole, what is waited for is that the client goes away: as long as it takes.
        """
        whole, received = False, 0

        async def next_message() -> Message:
            nonlocal whole, received
            if whole:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), self._idle_seconds_max)
            except TimeoutError:
                raise RequestTooSlow from None
            whole = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > bytes_max:
                raise RequestTooLarge
            return message

        return next_message


def trusted_hosts(settings: Settings) -> frozenset[str]:
    """Name the hosts that requests may be sent to, besides IP addresses."""
    public = urlsplit(settings.public_url or "").hostname
    names = {"localhost", settings.host, *settings.hosts, *([public] if public else [])}
    return frozenset(name.lower().rstrip(".") for name in names)


def host_name(host: str) -> str | None:
    """Return the name in a `Host` header, without its port; None if it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    plain = parts.netloc == host and not parts.path and parts.username is None
    return (parts.hostname or "").rstrip(".") or None if plain else None


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _misdirected() -> ApiError:
    return ApiError(
        421,
        "foreign_host",
        "This server does not answer under that name. An operator can add it to SOURCEBOOK_HOSTS.",
    )
