"""Calendar files (iCalendar, RFC 5545): the properties of their events, as they were written."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

_FOLD: Final = re.compile(rb"\r?\n[ \t]")
_LINE: Final = re.compile(r'([\w-]+)(?=[;:])((?:[^":]|"[^"]*")*):(.*)')
_PARAMETER: Final = re.compile(r';([\w-]+)=((?:[^";]|"[^"]*")*)')
_ESCAPED: Final = re.compile(r"\\(.)")
_BEGINNING: Final = b"BEGIN:VCALENDAR"
_NO_EVENT: Final = re.compile(rb"^BEGIN:V(?:TODO|JOURNAL)", re.IGNORECASE | re.MULTILINE)
_EVENT: Final = "VEVENT"
_LOOKED_AT_BYTES: Final = 100


@dataclass(frozen=True, slots=True)
class Property:
    """A value as it stands in the file, and its parameters by their names in capitals."""

    value: str
    parameters: Mapping[str, str]

    @property
    def text(self) -> str:
        """The value where it is text."""
        return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], self.value)


@dataclass(frozen=True, slots=True)
class Event:
    """The properties of an event by their names in capitals; whether its calendar cancels it."""

    properties: Mapping[str, list[Property]]
    is_cancelled: bool

    def first(self, name: str) -> Property | None:
        """Return a property that an event has once."""
        return next(iter(self.properties.get(name, ())), None)


@dataclass(slots=True)
class _Open:
    """A component that has not ended yet."""

    name: str
    properties: dict[str, list[Property]] = field(default_factory=dict)


def is_calendar(data: bytes) -> bool:
    """Whether a text is a calendar of events alone, however its file is named."""
    return _BEGINNING in data[:_LOOKED_AT_BYTES].upper() and not _NO_EVENT.search(data)


def unfolded(data: bytes) -> bytes:
    """Join the lines of a file that were cut, some of them within a character."""
    return _FOLD.sub(b"", data)


def events(text: str) -> Iterator[Event]:
    """Yield the events of an unfolded calendar; lines that make no sense are passed over."""
    open_ones = [_Open("")]
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        name, value = match[1].upper(), match[3].strip()
        if name == "BEGIN":
            open_ones.append(_Open(value.upper()))
        elif name == "END" and len(open_ones) > 1:
            ended = open_ones.pop()
            if ended.name == _EVENT:
                yield Event(ended.properties, _is_cancelled(ended, open_ones[-1]))
        else:
            one = Property(value, dict(_parameters(match[2])))
            open_ones[-1].properties.setdefault(name, []).append(one)


def _is_cancelled(event: _Open, calendar: _Open) -> bool:
    states = event.properties.get("STATUS", []) + calendar.properties.get("METHOD", [])
    return any(state.value.upper().startswith("CANCEL") for state in states)


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    for match in _PARAMETER.finditer(text):
        yield match[1].upper(), match[2].replace('"', "")
