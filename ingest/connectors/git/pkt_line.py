"""The lines that Git's protocol is made of (gitprotocol-common, "pkt-line format")."""

from collections.abc import Iterator
from typing import Final

from ingest.connectors.git.errors import NotGit

FLUSH: Final = b"0000"
DELIMITER: Final = b"0001"
_LENGTH_BYTES: Final = 4
_DIGITS: Final = frozenset(b"0123456789abcdefABCDEF")


def line(text: str) -> bytes:
    """Write one line."""
    payload = f"{text}\n".encode()
    return b"%04x%s" % (len(payload) + _LENGTH_BYTES, payload)


def lines(data: bytes) -> Iterator[bytes | None]:
    """Read the lines, with None for a flush, a delimiter or an end of a response.

    Raises:
        NotGit: there is something else.
    """
    at = 0
    while at < len(data):
        digits = data[at : at + _LENGTH_BYTES]
        if len(digits) < _LENGTH_BYTES or not _DIGITS.issuperset(digits):
            raise NotGit
        length = int(digits, 16)
        if length < _LENGTH_BYTES:
            at += _LENGTH_BYTES
            yield None
            continue
        if at + length > len(data):
            raise NotGit
        yield data[at + _LENGTH_BYTES : at + length]
        at += length
