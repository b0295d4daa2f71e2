"""The standard library's IMAP client on a guarded connection, with bounds on what it reads."""

import imaplib
from typing import Final

import httpcore

_PIECE_BYTES: Final = 64 * 1024
_LINE_BYTES_MAX: Final = 4 * 1024 * 1024
"""A search that finds a hundred thousand messages answers with one line of up to 1.1 MB."""


class GuardedImap(imaplib.IMAP4):
    """Speaks over `stream`; a wait for its next bytes ends after `seconds_max`.

    The stream bounds what is read altogether. Side effects: reads the server's greeting.
    """

    def __init__(self, stream: httpcore.NetworkStream, seconds_max: float) -> None:
        self._stream = stream
        self._seconds_max = seconds_max
        self._ahead = bytearray()
        super().__init__()

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        """Do nothing: the connection is there."""

    def read(self, size: int) -> bytes:
        """Return exactly so many bytes. Raises: IMAP4.abort at the end of the stream."""
        while len(self._ahead) < size:
            self._receive()
        return self._taken(size)

    def readline(self) -> bytes:
        """Return a line with its end. Raises: IMAP4.abort for one without end."""
        looked = 0
        while (end := self._ahead.find(b"\n", looked)) < 0:
            looked = len(self._ahead)
            if looked > _LINE_BYTES_MAX:
                raise self.abort
            self._receive()
        return self._taken(end + 1)

    def send(self, data: bytes) -> None:  # type: ignore[override]
        """Write to the server."""
        self._stream.write(bytes(data), self._seconds_max)

    def shutdown(self) -> None:
        """Close the connection."""
        self._stream.close()

    def _receive(self) -> None:
        piece = self._stream.read(_PIECE_BYTES, self._seconds_max)
        if not piece:
            raise self.abort
        self._ahead += piece

    def _taken(self, size: int) -> bytes:
        taken = bytes(self._ahead[:size])
        del self._ahead[:size]
        return taken
