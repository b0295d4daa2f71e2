"""The numbers and months in a text, in a form that compares across spellings and languages."""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

_SCALES: Final = {
    "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "bn": 9, "mn": 6,
    "百": 2, "千": 3, "万": 4, "萬": 4, "百万": 6, "百萬": 6, "千万": 7, "千萬": 7,
    "亿": 8, "億": 8, "十亿": 9, "十億": 9, "万亿": 12, "萬億": 12,
}  # fmt: skip
_SCALE: Final = "|".join(sorted(_SCALES, key=len, reverse=True))
_NUMBER: Final = re.compile(
    rf"(?P<digits>\d+(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:\s?(?P<scale>{_SCALE}))?",
    re.IGNORECASE,
)
_MONTHS: Final = (
    *("jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may", "june?"),
    *("july?", "aug(?:ust)?", "sept?(?:ember)?", "oct(?:ober)?", "nov(?:ember)?", "dec(?:ember)?"),
)
_MONTH: Final = re.compile(
    "|".join(rf"\b(?P<m{number}>{name})\b" for number, name in enumerate(_MONTHS, start=1)),
    re.IGNORECASE,
)
_AMBIGUOUS_MONTH: Final = re.compile(r"(?i:mar|may|dec)")
_WORDS: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
_WORD: Final = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b", re.IGNORECASE)
_TENS: Final = (*("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),)
_TEN: Final = re.compile(
    rf"\b(?P<tens>{'|'.join(_TENS)})(?:[-\s](?P<ones>{'|'.join(_WORDS[1:10])}))?\b", re.IGNORECASE
)
_ORDINALS: Final = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    "tenth",
)
_ORDINAL: Final = re.compile(rf"\b(?:{'|'.join(_ORDINALS)})\b", re.IGNORECASE)
_ROUND: Final = re.compile(
    r"\b(?:dozen|hundred|thousand|million|billion)s?\b|数[十百千万亿]|數[十百千萬億]"
)
_YEAR_MIN: Final = 1900
_YEAR_MAX: Final = 2099
_CHINESE: Final = {digit: number for number, digit in enumerate("零一二三四五六七八九十")} | {
    "两": 2,
    "兩": 2,
    "〇": 0,
}


def numbers_claimed(text: str) -> frozenset[str]:
    """Return the values a sentence states: digits, scaled where a unit follows, and months."""
    folded = unicodedata.normalize("NFKC", text)
    return frozenset((*map(_scaled, _NUMBER.finditer(folded)), *_months(folded)))


def numbers_held(text: str) -> frozenset[str]:
    """Return the values a passage states, also those it spells out or scales."""
    folded = unicodedata.normalize("NFKC", text)
    plain = (_value(match["digits"]) for match in _NUMBER.finditer(folded))
    words = (str(_WORDS.index(word.lower())) for word in _WORD.findall(_TEN.sub(" ", folded)))
    tens = map(_spelled, _TEN.finditer(folded))
    ordinals = (str(_ORDINALS.index(word.lower()) + 1) for word in _ORDINAL.findall(folded))
    chinese = (str(_CHINESE[character]) for character in folded if character in _CHINESE)
    return numbers_claimed(text).union(plain, words, tens, ordinals, chinese)


def amounts_held(text: str) -> frozenset[str]:
    """Return the values that may count or measure something: no months, ordinals or years."""
    folded = _ORDINAL.sub(" ", _MONTH.sub(" ", unicodedata.normalize("NFKC", text)))
    held = numbers_held(folded)
    return (held - years(held)).union(_ROUND.findall(folded.lower()))


def years(numbers: frozenset[str]) -> frozenset[str]:
    """Keep those that are most likely years; other numbers of a question may only explain it."""
    return frozenset(n for n in numbers if n.isdigit() and _YEAR_MIN <= int(n) <= _YEAR_MAX)


def _scaled(match: re.Match[str]) -> str:
    scale = match["scale"]
    return _value(match["digits"], _SCALES[scale.lower()] if scale else 0)


def _spelled(match: re.Match[str]) -> str:
    ones = match["ones"]
    return str(
        10 * (_TENS.index(match["tens"].lower()) + 2) + (_WORDS.index(ones.lower()) if ones else 0)
    )


def _value(digits: str, exponent: int = 0) -> str:
    value = Decimal(digits.replace(",", "")).scaleb(exponent)
    return format(value.normalize(), "f")


def _months(text: str) -> Iterator[str]:
    for match in _MONTH.finditer(text):
        near = text[max(0, match.start() - 4) : match.start()] + text[match.end() : match.end() + 6]
        if not _AMBIGUOUS_MONTH.fullmatch(match[0]) or any(map(str.isdigit, near)):
            yield str(match.lastgroup or "")[1:]
