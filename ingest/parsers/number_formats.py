"""Numbers as a cell shows them: percent, thousands, currency, leading zeros (ECMA-376, 18.8.31).

Codes of dates, fractions, conditions and Chinese numerals are not written here: None, and the value
counts as it is.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Final

_CODE_CHARACTERS_MAX: Final = 300
_SECTIONS_MAX: Final = 4
_TOKEN: Final = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|[_*](?P<skipped>.)|\[\$(?P<currency>[^\]-]*)[^\]]*\]'
    r"|\[(?P<bracket>[^\]]*)\]|(?P<number>[0#?][0#?,]*(?:\.[0#?]*,*)?(?:[Ee][+-]0+)?|\.[0#?]+)"
    r"|(?P<percent>%)|(?P<general>General|G/通用格式)|(?P<other>.)",
    re.DOTALL,
)
_COLOUR: Final = re.compile(
    r"black|blue|cyan|green|magenta|red|white|yellow|colou?r ?\d+", re.IGNORECASE
)
_DATES: Final = frozenset("yYmMdDhHsSeEgGbBaApP/@;")
_PERCENT, _THOUSAND = Decimal(100), Decimal(1000)
_LARGEST: Final = Context(prec=2_000)
"""Holds all digits of the largest number in the longest code; the default ends with an error."""
_ROUNDED_AWAY_MAX: Final = Decimal("0.005")
_DIGIT: Final = re.compile(r"\d")
_DIGITS_MAX: Final = 300
_EXPONENT: Final = re.compile(r"[Ee][+-]?\d+")

Show = Callable[[float], "Shown"]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a cell shows, and whether that leaves out more than half a percent of its value."""

    text: str
    is_coarse: bool = False


@dataclass(frozen=True, slots=True)
class _Section:
    """One of up to four: before and after the number, and how it is written; "" for no number."""

    before: str
    number: str
    after: str
    percents: int

    def show(self, value: Decimal) -> Shown:
        """Write a value that is not negative."""
        if not self.number:
            return Shown((self.before + self.after).strip())
        scaled = value * _PERCENT**self.percents
        mantissa, _, exponent = self.number.replace("e", "E").partition("E")
        if exponent:
            places = len(mantissa.partition(".")[2])
            return Shown(f"{self.before}{scaled:.{places}E}{self.after}")
        whole, _, fraction = mantissa.partition(".")
        in_use = fraction or whole
        scaled /= _THOUSAND ** (len(in_use) - len(in_use.rstrip(",")))
        text, rounded = _written(scaled, whole.rstrip(","), fraction.rstrip(","))
        coarse = abs(scaled - rounded) > _ROUNDED_AWAY_MAX * abs(scaled)
        return Shown(self.before + text + self.after, coarse)


@lru_cache(maxsize=512)
def compiled(code: str) -> Show | None:
    """Return what writes numbers by a format code; None where the value itself is what counts."""
    if len(code) > _CODE_CHARACTERS_MAX:
        return None
    parts = _split(code)
    sections = [_section(part) for part in parts[: _SECTIONS_MAX - 1]]
    if None in sections or not 0 < len(parts) <= _SECTIONS_MAX:
        return None
    known = [section for section in sections if section is not None]

    def show(value: float) -> Shown:
        number = Decimal(repr(value))
        if not number.is_finite():
            return Shown(repr(value))
        if number == 0 and len(known) == _SECTIONS_MAX - 1:
            return known[-1].show(number)
        if number < 0 and len(known) > 1:
            return known[1].show(-number)
        shown = known[0].show(abs(number))
        is_negative = number < 0 and any(digit in "123456789" for digit in shown.text)
        return Shown(f"-{shown.text}", shown.is_coarse) if is_negative else shown

    return show


def rounds(shown: str, value: float) -> bool:
    """Whether the digits of what a cell shows leave out more than half a percent of its value.

    Signs for percent or thousand only move the point, which is not looked at.
    """
    digits = int("".join(_DIGIT.findall(_EXPONENT.sub("", shown))[:_DIGITS_MAX]) or "0")
    if value == 0 or not math.isfinite(value):
        return False
    if digits == 0:
        return True
    places = math.log10(digits) - math.log10(abs(value))
    return abs(10 ** (places - round(places)) - 1) > _ROUNDED_AWAY_MAX


def _split(code: str) -> list[str]:
    """Cut a code at the semicolons that stand for themselves."""
    parts = [""]
    for match in _TOKEN.finditer(code):
        if match["other"] == ";":
            parts.append("")
        else:
            parts[-1] += match[0]
    return parts


def _section(part: str) -> _Section | None:
    texts, numbers, percents = ["", ""], [], 0
    for match in _TOKEN.finditer(part):
        if match["number"]:
            numbers.append(match["number"])
        elif (text := _literal(match)) is None:
            return None
        else:
            texts[bool(numbers)] += text
            percents += match["percent"] is not None
    if len(numbers) > 1:  # with words between the digits
        return None
    return _Section(texts[0].lstrip(), "".join(numbers), texts[1].rstrip(), percents)


def _literal(match: re.Match[str]) -> str | None:
    """Return what a token that is no number shows; None for what is not written here."""
    bracket, other = match["bracket"], match["other"]
    if match["general"] or (bracket is not None and not _COLOUR.fullmatch(bracket)):
        return None
    if other is not None:
        return None if other in _DATES else other
    if match["skipped"]:
        return " " if match[0].startswith("_") else ""
    return next(_texts(match), "")


def _texts(match: re.Match[str]) -> Iterator[str]:
    for name in ("quoted", "escaped", "currency", "percent"):
        if match[name] is not None:
            yield match[name]


def _written(value: Decimal, whole: str, fraction: str) -> tuple[str, Decimal]:
    """Write a number with the places of a code; also what it was rounded to."""
    rounded = value.quantize(Decimal(1).scaleb(-len(fraction)), ROUND_HALF_UP, _LARGEST)
    digits, _, places = f"{rounded:f}".partition(".")
    digits = digits.lstrip("0").rjust(whole.count("0"), "0")
    while places and fraction[len(places) - 1] != "0" and places[-1] == "0":
        places = places[:-1]
    if "," in whole:
        digits = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", digits)
    return f"{digits}.{places}" if places else digits or "0", rounded
