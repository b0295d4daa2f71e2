"""A guarded TLS connection, for protocols that are not HTTP."""

import time
from collections.abc import Callable

import httpcore

from security.errors import OutboundRefused
from security.outbound.network import GuardedNetwork, Resolve, system_resolve
from security.outbound.transport import PORTS, internal_origins, translated, trusting
from security.settings import OutboundSettings


def outbound_stream(
    settings: OutboundSettings,
    scheme: str,
    host: str,
    port: int,
    *,
    resolve: Resolve = system_resolve,
    timer: Callable[[], float] = time.monotonic,
) -> httpcore.NetworkStream:
    """Connect to the scheme's own port, or to an origin that an operator opened, under TLS.

    `seconds_max` and `response_bytes_max` of `settings` bound the whole connection. Use it inside
    `translated()`, and close it.

    Raises:
        OutboundRefused: it may not be called.
        OutboundFailed: it cannot be reached, or its certificate is not that of `host`.
    """
    internal = internal_origins(settings)
    if port != PORTS[scheme] and (scheme, host, port) not in internal:
        raise OutboundRefused
    hosts = frozenset((host, port) for kind, host, port in internal if kind == scheme)
    network = GuardedNetwork(settings, hosts, resolve, timer)
    with translated():
        stream = network.connect_tcp(host, port, settings.connect_seconds_max)
        try:
            return stream.start_tls(trusting(settings), host, settings.connect_seconds_max)
        except BaseException:
            stream.close()
            raise
