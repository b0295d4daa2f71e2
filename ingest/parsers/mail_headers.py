"""Headers of messages as mail programs write them, not only as the standards want them.

Chinese programs say "gb2312" and use the characters of its successors, cut encoded words (RFC 2047)
within a character, and put the bytes of a charset into a header that should be ASCII.
"""

import base64
import quopri
import re
from collections.abc import Iterable
from email.policy import EmailPolicy
from itertools import groupby
from typing import Any, Final

from ingest.parsers.decoding import as_used, decode

_WORD: Final = r"=\?([\w.:-]{1,40})(?:\*[\w-]{0,40})?\?([BbQq])\?([^?\s]{0,10000})\?="
_ENCODED: Final = re.compile(_WORD)
_RUN: Final = re.compile(rf"{_WORD}(?:\s+{_WORD})*")
_NO_DIGIT: Final = re.compile(rb"[^A-Za-z0-9+/=]")
_PARAMETER: Final = re.compile(r"(\*(?:\d{1,3}\*)?\s*=\s*\"?)([\w.:-]{1,40})(?=')")  # RFC 2231


class Policy(EmailPolicy):
    """The default policy, for headers as they come."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Return name and value, in which every encoded word is whole and UTF-8."""
        name, value = super().header_source_parse(list(map(_characters, sourcelines)))
        value = _PARAMETER.sub(lambda match: match[1] + as_used(match[2]), value)
        return name, _RUN.sub(_rewritten, value)


AS_SENT: Final[Any] = Policy(utf8=True)
"""For the functions of `email`, whose types know the default policy only."""


def _characters(line: str) -> str:
    """Decode the bytes that the parser hides in surrogates."""
    return line if line.isascii() else decode(line.encode("utf-8", "surrogateescape"))


def _rewritten(run: re.Match[str]) -> str:
    words = [match.groups() for match in _ENCODED.finditer(run[0])]
    texts = [
        decode(_content(parts), charset)
        for charset, parts in groupby(words, key=lambda word: word[0].lower())
    ]
    return f"=?utf-8?b?{base64.b64encode(''.join(texts).encode()).decode('ascii')}?="


def _content(words: Iterable[tuple[str, ...]]) -> bytes:
    """Join the bytes of words that follow each other: a character may begin in one of them."""
    return b"".join(_bytes(encoding, text) for _, encoding, text in words)


def _bytes(encoding: str, text: str) -> bytes:
    content = text.encode("ascii", "ignore")
    if encoding in "Qq":
        return quopri.decodestring(content, header=True)
    return b"".join(map(_decoded, _NO_DIGIT.sub(b"", content).split(b"=")))


def _decoded(digits: bytes) -> bytes:
    """Decode base64 without padding; a digit that is left over is less than a byte."""
    whole = digits[:-1] if len(digits) % 4 == 1 else digits
    return base64.b64decode(whole + b"=" * (-len(whole) % 4))
