"""The guarded client for httpx: policy for each request and each redirect, one connection each."""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

import httpcore
import httpx

from security.errors import OutboundFailed, OutboundRefused, OutboundTimeout, OutboundTooLarge
from security.outbound.network import GuardedNetwork, Resolve, system_resolve
from security.settings import OutboundSettings

PORTS: Final = {"http": 80, "https": 443, "imaps": 993}
_HTTP: Final = frozenset({"http", "https"})
_CONNECTIONS_MAX: Final = 20

Origin = tuple[str, str, int]


class OutboundClient(httpx.Client):
    """A client whose every failure is an `OutboundFailed`."""

    def build_request(self, method: str, url: httpx.URL | str, **parts: Any) -> httpx.Request:
        """Put a request together. Raises: OutboundRefused for what is no address."""
        try:
            return super().build_request(method, url, **parts)
        except httpx.InvalidURL as error:
            raise OutboundRefused from error

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request. Raises: OutboundFailed."""
        try:
            return super().send(request, **options)
        except httpx.UnsupportedProtocol as error:
            raise OutboundRefused from error
        except httpx.RequestError as error:  # too many redirects, or one that leads nowhere
            raise OutboundFailed from error


def outbound_client(
    settings: OutboundSettings, resolve: Resolve = system_resolve
) -> OutboundClient:
    """Return a client that reaches only what `settings` allow; close it after use.

    Proxies and certificates from the environment are not used, and no redirect is followed unless
    a request asks for it.
    """
    return OutboundClient(
        transport=GuardedTransport(settings, resolve),
        timeout=httpx.Timeout(settings.seconds_max, connect=settings.connect_seconds_max),
        max_redirects=settings.redirects_max,
        trust_env=False,
    )


class GuardedTransport(httpx.BaseTransport):
    """Checks where a request goes before it goes there; see the package's docstring."""

    def __init__(
        self,
        settings: OutboundSettings,
        resolve: Resolve = system_resolve,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._internal = internal_origins(settings)
        hosts = frozenset((host, port) for _, host, port in self._internal)
        self._pool = httpcore.ConnectionPool(
            ssl_context=trusting(settings),
            max_connections=_CONNECTIONS_MAX,
            max_keepalive_connections=0,  # each request resolves, checks and counts for itself
            network_backend=GuardedNetwork(settings, hosts, resolve, timer),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            OutboundRefused: the scheme, host or port is not allowed.
            OutboundFailed: anything else that went wrong.
        """
        self._admit(request.url)
        # Nothing is unpacked on our side: a small answer stays small.
        request.headers["Accept-Encoding"] = "identity"
        with translated():
            response = self._pool.handle_request(_as_httpcore(request))
        stream = _Body(cast("Iterable[bytes]", response.stream))
        received = httpx.Response(response.status, headers=response.headers, stream=stream)
        if received.headers.get("content-encoding", "identity") != "identity":
            stream.close()
            raise OutboundTooLarge
        return received

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def _admit(self, url: httpx.URL) -> None:
        if url.userinfo or url.scheme not in _HTTP or not url.host:
            raise OutboundRefused
        scheme, _, port = origin = _origin(url)
        public = scheme == "https" and port in self._settings.ports
        if not public and origin not in self._internal:
            raise OutboundRefused


class _Body(httpx.SyncByteStream):
    """A response's body as httpx wants it."""

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with translated():
            yield from self._stream

    def close(self) -> None:
        """Give the connection up."""
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()


def internal_origins(settings: OutboundSettings) -> frozenset[Origin]:
    """Return the scheme, host and port of each origin that an operator opened."""
    return frozenset(_origin(httpx.URL(str(url))) for url in settings.internal_origins)


def trusting(settings: OutboundSettings) -> ssl.SSLContext:
    """Return what certificates are verified with."""
    context = httpx.create_ssl_context(trust_env=False)
    if settings.ca_file is not None:
        context.load_verify_locations(settings.ca_file)
    return context


def _origin(url: httpx.URL) -> Origin:
    return url.scheme, url.raw_host.decode("ascii"), url.port or PORTS.get(url.scheme, 0)


def _as_httpcore(request: httpx.Request) -> httpcore.Request:
    url = request.url
    target = httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )
    return httpcore.Request(
        request.method,
        target,
        headers=request.headers.raw,
        content=cast("httpx.SyncByteStream", request.stream),
        extensions={"timeout": request.extensions.get("timeout", {})},
    )


@contextmanager
def translated() -> Iterator[None]:
    """Turn what httpcore raises into errors of ours, which name no address."""
    try:
        yield
    except httpcore.TimeoutException as error:
        raise OutboundTimeout from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise OutboundFailed from error
