"""Connections to checked addresses only, each with a deadline and a budget of bytes.

The name is resolved here, once for each connection, and the connection goes to an address that was
checked: a name that resolves differently a moment later (DNS rebinding) gains nothing. TLS still
verifies the name. A connection serves one request, so its limits are the request's.
"""

import math
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore

from security.errors import OutboundFailed, OutboundRefused, OutboundTimeout, OutboundTooLarge
from security.outbound.addresses import Address, carried, is_private, is_public, parsed
from security.settings import OutboundSettings

Resolve = Callable[[str, int], Sequence[str]]
"""Name and port to addresses; raises OSError when there are none."""

Timer = Callable[[], float]


def system_resolve(host: str, port: int) -> Sequence[str]:
    """Ask the machine's resolver, in its order of preference; blocks for as long as that takes."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedNetwork(httpcore.NetworkBackend):
    """Opens connections for httpcore; `internal` are the (host, port) of allowed origins."""

    def __init__(
        self,
        settings: OutboundSettings,
        internal: frozenset[tuple[str, int]],
        resolve: Resolve,
        timer: Timer,
    ) -> None:
        self._settings = settings
        self._internal = internal
        self._resolve = resolve
        self._timer = timer
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that may be called and answers.

        Raises:
            OutboundRefused: it has none that may be called.
            OutboundFailed: it has none at all.
        """
        deadline = self._timer() + self._settings.seconds_max
        limits = Limits(deadline, self._settings.response_bytes_max, self._timer)
        failure: Exception = OutboundFailed()
        for address in self._allowed(host, port):
            try:
                stream = self._sockets.connect_tcp(
                    str(address), port, limits.seconds(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            _recheck(stream, address)
            return GuardedStream(stream, limits)
        raise failure

    def _allowed(self, host: str, port: int) -> list[Address]:
        try:
            found = [parsed(text) for text in self._resolve(host, port)]
        except (OSError, UnicodeError, ValueError) as error:
            raise OutboundFailed from error
        allowed = [address for address in found if self._is_allowed(address, (host, port))]
        if found and not allowed:
            raise OutboundRefused
        return allowed

    def _is_allowed(self, address: Address, origin: tuple[str, int]) -> bool:
        meant = carried(address)
        named = any(
            meant in network
            for network in self._settings.internal_networks
            if network.version == meant.version
        )
        return named or is_public(meant) or (origin in self._internal and is_private(meant))


class Limits:
    """What is left of one request's time and bytes."""

    def __init__(self, deadline: float, bytes_left: int, timer: Timer) -> None:
        self._deadline = deadline
        self._bytes_left = bytes_left
        self._timer = timer

    def seconds(self, timeout: float | None) -> float:
        """Return how long one step may take.

        Raises:
            OutboundTimeout: no time is left.
        """
        left = self._deadline - self._timer()
        if left <= 0:
            raise OutboundTimeout
        return min(left, math.inf if timeout is None else timeout)

    def spend(self, received: int) -> None:
        """Count bytes.

        Raises:
            OutboundTooLarge: they are more than what was left.
        """
        self._bytes_left -= received
        if self._bytes_left < 0:
            raise OutboundTooLarge


class GuardedStream(httpcore.NetworkStream):
    """A connection that counts bytes and time, below TLS and above it."""

    def __init__(self, stream: httpcore.NetworkStream, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read within the limits."""
        data = self._stream.read(max_bytes, self._limits.seconds(timeout))
        self._limits.spend(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write within the time limit."""
        self._stream.write(buffer, self._limits.seconds(timeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on under TLS, with what is left."""
        seconds = self._limits.seconds(timeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, seconds)
        return GuardedStream(stream, self._limits)

    def get_extra_info(self, info: str) -> Any:
        """Tell what httpcore asks of a connection."""
        return self._stream.get_extra_info(info)


def _recheck(stream: httpcore.NetworkStream, address: Address) -> None:
    """Refuse a connection whose other end is not the address that was checked."""
    peer = parsed(stream.get_extra_info("server_addr")[0])
    if peer != address:
        stream.close()
        raise OutboundRefused
