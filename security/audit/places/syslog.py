"""Checkpoints as messages to a syslog server (RFC 5424), which keeps what it was sent.

The note stands in base64 in the structured data, since a message has one line; `read_notes` finds
it there again. Over TCP a message is preceded by its length (RFC 6587, section 3.4.1).
"""

import base64
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from security.errors import CheckpointNotKept

_AUDIT_NOTICE: Final = 13 * 8 + 5
"""Facility 13 (log audit), severity 5 (notice)."""
_PORTS: Final = {"udp": 514, "tcp": 601}


class SyslogServer:
    """A server named `udp://host:port`, `tcp://host:port` or `unix:///dev/log`.

    UDP and a local socket say nothing of a message that is lost; TCP says so at the next one.
    """

    def __init__(self, url: str, seconds_max: float, clock: Callable[[], datetime]) -> None:
        self._parts = urlsplit(url)
        self._seconds_max = seconds_max
        self._clock = clock

    def append(self, origin: str, size: int, note: str) -> None:
        """Send a note.

        Raises:
            CheckpointNotKept: the server cannot be reached.
        """
        message = self._message(origin, size, note)
        try:
            with self._connected() as connection:
                if self._parts.scheme == "tcp":
                    message = b"%d %s" % (len(message), message)
                connection.sendall(message)
        except OSError:
            raise CheckpointNotKept from None

    def _message(self, origin: str, size: int, note: str) -> bytes:
        at = self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        # 32473 is the number for examples; only readers of our own look at the name.
        data = f'[checkpoint@32473 note="{base64.b64encode(note.encode()).decode()}"]'
        header = f"<{_AUDIT_NOTICE}>1 {at} {socket.gethostname()} sourcebook {os.getpid()} audit"
        return f"{header} {data} {origin} has {size} entries".encode()

    def _connected(self) -> socket.socket:
        parts = self._parts
        if parts.scheme == "unix":
            local = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            return _connect(local, parts.path, self._seconds_max)
        kind = socket.SOCK_STREAM if parts.scheme == "tcp" else socket.SOCK_DGRAM
        port = parts.port or _PORTS[parts.scheme]
        family, _, _, _, address = socket.getaddrinfo(parts.hostname, port, type=kind)[0]
        return _connect(socket.socket(family, kind), address, self._seconds_max)


def _connect(
    connection: socket.socket, address: tuple[Any, ...] | str, seconds_max: float
) -> socket.socket:
    connection.settimeout(seconds_max)
    try:
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection
