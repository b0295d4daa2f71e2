"""Which year a figure is of, where a sentence or a row of a table holds several."""

import re
from typing import Final

from qa.numbers import numbers_claimed, years
from qa.passages import Passage, is_row
from qa.verbatim import spelling, stands_in

_YEAR: Final = re.compile(r"(?<![\d.,$])(?:19|20)\d\d(?!\d|[.,]\d)")
_FIGURE: Final = re.compile(
    r"[$€£¥]?\s?\(?[$€£¥]?\d[\d,]*(?:\.\d+)?\s?%?\)?\s?%?|(?<![^\s$])[-–—](?=\s|$)"
)
_ITS_YEAR: Final = re.compile(
    r"\s*(?:thousand|million|billion|percent|%)?\s*(?:in|for|during|at|of|as of)\s+(?:the\s+)?"
    r"(?:fiscal\s+|year\s+|ended\s+|[A-Z][a-z]+\s+\d{1,2},\s+)*(?P<year>(?:19|20)\d\d)\b"
)
_COLUMNS_MIN: Final = 2


def of_asked_year(words: str, passage: Passage, index: int, asked: frozenset[str]) -> str | None:
    """Return an answer's words if they may be of an asked year, else what stands there for it.

    That is the cell of that year's column, or the whole sentence, which says all its years. None
    when the place is about other years only. Words without a figure are of any year.
    """
    if not asked or not numbers_claimed(words) - years(numbers_claimed(words)):
        return words
    sentence = passage.sentences[index]
    if is_row(sentence):
        return _in_row(words, sentence, column_years(passage, index), asked)
    said = frozenset(_YEAR.findall(sentence))
    if not said or not said.isdisjoint(asked):
        return sentence if _is_of_another(words, sentence, asked) else words
    return None


def column_years(passage: Passage, index: int) -> tuple[str, ...]:
    """Return the year of each figure of a row, in order; nothing where no line above says them.

    That line is the nearest one that names as many years as the row has figures. Others may stand
    between: "Revenues:" and an empty line end no table of a report.
    """
    count = len(figures(passage.sentences[index]))
    if count < _COLUMNS_MIN:
        return ()
    for above in reversed(range(index)):
        found = _YEAR.findall(passage.sentences[above])
        if len(found) == count == len(set(found)):
            return tuple(found)
    return ()


def figures(row: str) -> list[str]:
    """Return the figures of a row behind its label."""
    return [match[0].strip() for match in _FIGURE.finditer(row.partition("\t")[2])]


def _in_row(words: str, row: str, columns: tuple[str, ...], asked: frozenset[str]) -> str | None:
    cells = dict(zip(columns, figures(row), strict=False))
    wanted = [cell for year, cell in cells.items() if year in asked]
    if not cells or len(wanted) > 1 or any(spelling(words) == spelling(one) for one in wanted):
        return words
    return wanted[0] if wanted else None


def _is_of_another(words: str, sentence: str, asked: frozenset[str]) -> bool:
    """Whether a year that was not asked about stands right behind the words."""
    start = sentence.find(words)
    found = _ITS_YEAR.match(sentence, start + len(words)) if start >= 0 else None
    return found is not None and found["year"] not in asked and stands_in(words, sentence)
