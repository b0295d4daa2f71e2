"""Pieces of text that a metafile writes, put together to lines."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# Gaps within a word, in widths of a letter. Programs that place each letter place spaces as well.
_TOUCHING: Final = 0.25
_TOUCHING_LETTERS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Piece:
    """Text from `x` on the line at `y`, up to `end` where that is known; any unit of length."""

    x: float
    y: float
    text: str
    end: float | None = None


def lines(pieces: Iterable[Piece]) -> str:
    """Join pieces in the order they are written: those at one height are a line."""
    text = ""
    before: Piece | None = None
    for piece in pieces:
        if written := piece.text.strip("\0"):
            text += _between(before, piece) + written
            before = piece
    return text


def _between(before: Piece | None, piece: Piece) -> str:
    if before is None:
        return ""
    if before.y != piece.y:
        return "\n"
    if before.end is None:
        return " "
    letter = (before.end - before.x) / len(before.text)
    touching = _TOUCHING_LETTERS if len(before.text) == 1 else _TOUCHING
    return "" if abs(piece.x - before.end) <= touching * abs(letter) else " "
