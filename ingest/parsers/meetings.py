"""Events of a calendar in the words of a message's head: what, when, where, and who."""

from collections.abc import Iterable, Iterator
from typing import Final

from ingest.blocks import Block
from ingest.parsers import calendars, event_times
from ingest.parsers.calendars import Event, Property
from ingest.parsers.characters import one_line
from ingest.parsers.decoding import decode

_ANSWERS: Final = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}


def read(
    data: bytes, charset: str | None = None, known: Iterable[str] = (), *, described: bool = False
) -> list[Block]:
    """Make a block of each event of a calendar; nothing where none can be made out.

    Attendees are named unless `known`, the people in the head of a message, hold them all and none
    has answered. `described` events say more than the fields.
    """
    text = decode(calendars.unfolded(data), charset)
    people = "\n".join(known).casefold()
    return [
        Block("text", "\n".join(lines))
        for event in calendars.events(text)
        if (lines := list(_lines(event, people, described=described)))
    ]


def _lines(event: Event, known: str, *, described: bool) -> Iterator[str]:
    """Yield the fields of an event; none of one that names neither a subject nor a time.

    What, when, where and by whom make one line: who asks for one of them names another.
    """
    subject, when = _text(event, "SUMMARY"), event_times.when(event)
    if not (subject or when):
        return
    cancelled = " (cancelled)" if event.is_cancelled else ""
    fields = (
        ("meeting", subject + cancelled),
        ("when", when),
        ("where", _text(event, "LOCATION")),
        ("organiser", next(_people(event, "ORGANIZER"), "")),
    )
    line = "; ".join(f"{name}: {value.strip()}" for name, value in fields if value.strip())
    yield line[:1].upper() + line[1:]
    if attendees := _attendees(event, known):
        yield f"Attendees: {attendees}"
    if described and (found := event.first("DESCRIPTION")):
        yield found.text


def _text(event: Event, name: str) -> str:
    found = event.first(name)
    return one_line(found.text) if found else ""


def _attendees(event: Event, known: str) -> str:
    news = any(
        _address(one).casefold() not in known or _answer(one)
        for one in event.properties.get("ATTENDEE", ())
    )
    return ", ".join(_people(event, "ATTENDEE")) if news else ""


def _people(event: Event, role: str) -> Iterator[str]:
    """Yield people as they stand in the head of a message, with what they answered."""
    for one in event.properties.get(role, ()):
        name, address = one_line(one.parameters.get("CN", "")), _address(one)
        written = f"{name} <{address}>" if name and address and name != address else name or address
        if written:
            yield written + _answer(one)


def _address(person: Property) -> str:
    scheme, _, address = person.value.partition(":")
    return one_line(address) if scheme.lower() == "mailto" else ""


def _answer(person: Property) -> str:
    answer = _ANSWERS.get(person.parameters.get("PARTSTAT", "").upper())
    return f" ({answer})" if answer else ""
