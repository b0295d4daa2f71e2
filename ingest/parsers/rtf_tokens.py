r"""Tokens of Rich Text Format (specification 1.9.1): groups, control words, bytes of text.

`\bin` and pictures may hold any bytes, so a file is read as bytes and decoded later, by the fonts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

_TOKEN = re.compile(
    rb"(?P<open>\{)|(?P<close>\})"
    rb"|\\'(?P<hex>[0-9a-fA-F]{2})"
    rb"|\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?"
    rb"|\\(?P<symbol>[^a-zA-Z])"
    rb"|(?P<text>[^\\{}\r\n]+)"
    rb"|[\r\n\\]",
    re.DOTALL,
)

Kind = Literal["open", "close", "word", "symbol", "text"]


@dataclass(frozen=True, slots=True)
class Token:
    """`data` is a word's or symbol's name, or bytes of text; `number` is what follows a word."""

    kind: Kind
    data: bytes = b""
    number: int | None = None


def tokens(data: bytes) -> Iterator[Token]:
    """Yield the tokens; binary data is skipped."""
    at = 0
    while match := _TOKEN.match(data, at):
        at = match.end()
        word = match["word"]
        if word is not None:
            number = int(match["number"]) if match["number"] is not None else None
            if word == b"bin":
                at += max(number or 0, 0)
            else:
                yield Token("word", word, number)
        elif match["hex"] is not None:
            yield Token("text", bytes.fromhex(match["hex"].decode("ascii")))
        elif match["text"] is not None:
            yield Token("text", match["text"])
        elif match["symbol"] is not None:
            yield Token("symbol", match["symbol"])
        elif match["open"] or match["close"]:
            yield Token("open" if match["open"] else "close")
