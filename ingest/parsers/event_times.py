"""When an event of a calendar takes place, in the time zone that its sender named."""

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import Final

from ingest.parsers.calendars import Event, Property
from ingest.parsers.characters import one_line

_TIME: Final = re.compile(r"(\d{8})(?:T(\d{4})\d\d(Z?))?")
_DURATION: Final = re.compile(
    r"\+?P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:\d{1,6}S)?)?"
)
_RULE: Final = re.compile(r"\bFREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)\b", re.IGNORECASE)
_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A day, or a minute in a zone, "" where none is named."""

    at: dt.datetime
    zone: str
    is_day: bool

    def __str__(self) -> str:
        return self.at.date().isoformat() if self.is_day else f"{self.at:%Y-%m-%d %H:%M}"


def when(event: Event) -> str:
    """Write the time of an event; one that cannot be read as it stands, nothing for none."""
    begins = event.first("DTSTART")
    if begins is None:
        return ""
    start = _moment(begins)
    if start is None:
        return one_line(begins.value)
    rule = _RULE.search(found.value) if (found := event.first("RRULE")) else None
    return _span(start, _end(start, event)) + (f", repeats: {rule[1].lower()}" if rule else "")


def _span(start: _Moment, end: _Moment) -> str:
    """Write from when until when."""
    if end.zone != start.zone:
        return f"{start}{_named(start)} – {end}{_named(end)}"
    if end.at <= start.at:
        return f"{start}{_named(start)}"
    if end.at.date() == start.at.date():
        return f"{start}–{end.at:%H:%M}{_named(start)}"
    return f"{start} – {end}{_named(start)}"


def _named(moment: _Moment) -> str:
    return f" ({moment.zone})" if moment.zone else ""


def _moment(time: Property) -> _Moment | None:
    match = _TIME.fullmatch(time.value.upper())
    if match is None:
        return None
    try:
        at = dt.datetime.strptime(match[1] + (match[2] or "0000"), "%Y%m%d%H%M")  # noqa: DTZ007 - the zone is kept as it is named
    except ValueError:
        return None
    zone = "UTC" if match[3] else one_line(time.parameters.get("TZID", ""))
    return _Moment(at, zone, is_day=match[2] is None)


def _end(start: _Moment, event: Event) -> _Moment:
    """Return when an event ends, its start where nothing says so; of days the last one."""
    ends, lasts = event.first("DTEND"), event.first("DURATION")
    end = _moment(ends) if ends else None
    if end is None:
        end = _after(start, lasts.value) if lasts else start
    if end.is_day != start.is_day:
        return start
    # The end of whole days is the first one that is free again.
    return replace(end, at=end.at - _DAY) if end.is_day and end.at > start.at else end


def _after(start: _Moment, duration: str) -> _Moment:
    match = _DURATION.fullmatch(duration.upper())
    weeks, days, hours, minutes = map(int, match.groups("0")) if match else (0, 0, 0, 0)
    try:
        lasts = dt.timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
        return replace(start, at=start.at + lasts)
    except OverflowError:
        return start
