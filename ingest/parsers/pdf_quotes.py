"""The text that lies under the marks on a page of a PDF."""

import sys
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import pairwise
from typing import Any

from pypdfium2 import raw

from ingest.parsers import pdf_calls
from ingest.parsers.characters import join_lines, one_line
from ingest.parsers.pdf_calls import Quad
from ingest.parsers.pdf_hidden import is_hidden
from ingest.parsers.pdf_spelling import HYPHENS


class Quotes:
    """Finds the characters whose middle lies in a rectangle; looks at them only when asked.

    Those of the `hidden` text objects are not quoted.
    """

    def __init__(self, textpage: Any, hidden: frozenset[int]) -> None:
        self._textpage, self._hidden = textpage, hidden
        self._middles: list[tuple[float, float, int]] | None = None

    def under(self, lines: Iterable[Quad]) -> str:
        """Return what is written under rectangles (left, top, right, bottom), line by line."""
        return one_line(reduce(_joined, map(self._line, lines), ""))

    def _line(self, place: Quad) -> str:
        if self._middles is None:
            self._middles = sorted(self._all())
        left, top, right, bottom = place
        first, last = (bisect_left(self._middles, (height,)) for height in (bottom, top))
        indexes = sorted(index for _, x, index in self._middles[first:last] if left <= x <= right)
        parts = [self._character(index) for index in indexes[:1]]
        for before, index in pairwise(indexes):
            parts.append("" if index == before + 1 else " ")
            parts.append(self._character(index))
        return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "ignore")

    def _all(self) -> Iterator[tuple[float, float, int]]:
        """Yield height, place and index of the middles of the page's characters."""
        characters = pdf_calls.address(self._textpage)
        for index in range(raw.FPDFText_CountChars(self._textpage)):
            left, right, bottom, top = pdf_calls.character_box(characters, index)
            if top > bottom and not is_hidden(characters, index, self._hidden):
                yield (bottom + top) / 2, (left + right) / 2, index

    def _character(self, index: int) -> str:
        code = raw.FPDFText_GetUnicode(self._textpage, index)
        return chr(code) if code <= sys.maxunicode else ""


def _joined(text: str, line: str) -> str:
    if text.endswith(tuple(HYPHENS)):
        return text[:-1] + line
    return join_lines(text, line)
