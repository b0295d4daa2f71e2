"""Deltas of packs (gitformat-pack, "Deltified representation")."""

from dataclasses import dataclass
from typing import Final

from ingest.connectors.git.errors import NotGit

_COPY: Final = 0x80
_OFFSET_BITS: Final = (0x01, 0x02, 0x04, 0x08)
_SIZE_BITS: Final = (0x10, 0x20, 0x40)
_SIZE_WHEN_ZERO: Final = 0x10000
_SIZE_BITS_MAX: Final = 63


@dataclass(frozen=True, slots=True)
class DeltaSizes:
    """What a delta says of itself: of what, to what, and where its orders begin."""

    base: int
    result: int
    start: int


def delta_sizes(delta: bytes) -> DeltaSizes:
    """Read a delta's head. Raises: NotGit."""
    base, at = _size(delta, 0)
    result, at = _size(delta, at)
    return DeltaSizes(base, result, at)


def apply_delta(base: bytes, delta: bytes) -> bytes:
    """Make what a delta describes; no more than it says that it does.

    Raises:
        NotGit: it is of another base, or makes something else.
    """
    sizes = delta_sizes(delta)
    if sizes.base != len(base):
        raise NotGit
    made, at = bytearray(), sizes.start
    while at < len(delta):
        order, at = delta[at], at + 1
        if order & _COPY:
            offset, at = _number(delta, at, order, _OFFSET_BITS)
            size, at = _number(delta, at, order, _SIZE_BITS)
            piece = base[offset : offset + (size or _SIZE_WHEN_ZERO)]
            if len(piece) != (size or _SIZE_WHEN_ZERO):
                raise NotGit
        else:
            piece, at = delta[at : at + order], at + order
            if not order or at > len(delta):
                raise NotGit
        if len(made) + len(piece) > sizes.result:
            raise NotGit
        made += piece
    if len(made) != sizes.result:
        raise NotGit
    return bytes(made)


def _number(delta: bytes, at: int, order: int, bits: tuple[int, ...]) -> tuple[int, int]:
    value = 0
    for place, bit in enumerate(bits):
        if order & bit:
            if at >= len(delta):
                raise NotGit
            value |= delta[at] << 8 * place
            at += 1
    return value, at


def _size(delta: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(delta) or shift > _SIZE_BITS_MAX:
            raise NotGit
        byte, at = delta[at], at + 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at
