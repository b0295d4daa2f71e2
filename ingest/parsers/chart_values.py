"""Values that a chart keeps of the cells it was drawn from (ECMA-376 part 1, 21.2.2), as shown."""

import re
from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from lxml import etree

Points = Mapping[int, str]
"""Shown values by their place in the series."""

_DIGITS: Final = ".15g"  # what spreadsheets keep of a number
_QUOTED: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_DAY: Final = re.compile(r"y|d|mmm", re.IGNORECASE)
_EPOCHS: Final = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}  # noqa: DTZ001 - a day
_LEVELS: Final = " / "


def points(source: etree._Element | None, *, since_1904: bool = False) -> Points:
    """Read the values of a `c:cat`, `cx:numDim` or the like; of nested categories all levels."""
    if source is None:
        return {}
    levels = [_level(one, since_1904=since_1904) for one in source.iter("{*}lvl")]
    if levels:
        return _nested(levels)
    for cache in source.iter("{*}strCache", "{*}strLit", "{*}numCache", "{*}numLit"):
        return _level(cache, since_1904=since_1904)
    return {}


def shown(value: str, form: str, *, since_1904: bool = False) -> str:
    """Write a number as its format says, as far as it is a percentage or a day."""
    try:
        number = float(value)
        if not form:
            return value
        form = _QUOTED.sub("", form)
        if _DAY.search(form):
            moment = _EPOCHS[since_1904] + timedelta(days=number)
            whole = number.is_integer()
            return moment.date().isoformat() if whole else moment.isoformat(" ", "minutes")
        return f"{number * 100:{_DIGITS}}%" if "%" in form else f"{number:{_DIGITS}}"
    except (ValueError, OverflowError):
        return value


def _level(level: etree._Element, *, since_1904: bool) -> dict[int, str]:
    form = level.get("formatCode") or level.findtext("{*}formatCode") or ""
    found = {}
    for point in level.iterchildren("{*}pt"):
        value = point.findtext("{*}v") or point.text or ""
        place = point.get("idx", "")
        if place.isdecimal() and value.strip():
            found[int(place)] = shown(value, point.get("formatCode") or form, since_1904=since_1904)
    return found


def _nested(levels: list[dict[int, str]]) -> Points:
    """Join the levels, which are given from the inmost; an outer label holds up to the next."""
    inmost, *outer = levels
    starts = [(sorted(level), level) for level in reversed(outer)]
    return {
        place: _LEVELS.join([*(_label(begun, level, place) for begun, level in starts), label])
        for place, label in inmost.items()
    }


def _label(begun: list[int], level: Mapping[int, str], place: int) -> str:
    at = bisect_right(begun, place)
    return level[begun[at - 1]] if at else ""
