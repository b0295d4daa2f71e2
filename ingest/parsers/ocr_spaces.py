"""Characters of the recogniser's columns, with the spaces that it nearly saw.

The recogniser was trained mostly on Chinese and drops spaces after punctuation ("TEL:03-7859"),
where the probability of a space still stands out between the two characters. The threshold was
chosen on the receipts of `benchmarks/ocr.py`, where 0.1 to 0.3 do about the same.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ingest.parsers.characters import is_cjk

_LIKELY_ENOUGH = 0.2
_BLANK = 0

Columns = npt.NDArray[np.float32]
"""Probability of each character of the alphabet (last axis) in each column, from left to right."""


class Decoder:
    """Takes the place of the library's decoder; `alphabet` begins with CTC's blank."""

    def __init__(self, alphabet: list[str]) -> None:
        self._alphabet = alphabet
        self._space = alphabet.index(" ")

    def __call__(
        self, lines: Columns, *_unused: Any, **_also_unused: Any
    ) -> tuple[list[tuple[str, float]], list[Any]]:
        """Return text and certainty (the mean over its characters) of each line."""
        return [self._line(columns) for columns in lines], []

    def _line(self, columns: Columns) -> tuple[str, float]:
        best = columns.argmax(axis=1)
        begins = best != _BLANK
        begins[1:] &= best[1:] != best[:-1]
        starts = np.flatnonzero(begins)
        if not len(starts):
            return "", 0.0
        text = self._alphabet[best[starts[0]]]
        for start, following in pairwise(starts):
            character = self._alphabet[best[following]]
            between = columns[start + 1 : following, self._space]
            if between.size and between.max() > _LIKELY_ENOUGH and _may_part(text[-1], character):
                text += " "
            text += character
        return text, float(columns[starts, best[starts]].mean())


def _may_part(left: str, right: str) -> bool:
    """Whether a nearly seen space is believed: not within a word, a number or Chinese."""
    return not (
        " " in (left, right)
        or is_cjk(left)
        or is_cjk(right)
        or (left.isalpha() and right.isalpha())
        or (left.isdigit() and right.isdigit())
    )
