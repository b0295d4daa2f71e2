"""Invitations in messages, and calendar files, are read as what, when, where and who."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from ingest import detect
from ingest.blocks import ParsedDocument
from ingest.parsers import meetings, parse


def calendar(*lines: str, method: str = "REQUEST") -> bytes:
    whole = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"METHOD:{method}",
        "BEGIN:VTIMEZONE",
        "TZID:China Standard Time",
        "BEGIN:STANDARD",
        "DTSTART:16010101T000000",
        "END:STANDARD",
        "END:VTIMEZONE",
        "BEGIN:VEVENT",
        *lines,
        "BEGIN:VALARM",
        "SUMMARY:Reminder",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return "\r\n".join(whole).encode() + b"\r\n"


INVITATION = calendar(
    "SUMMARY;LANGUAGE=zh-CN:预算评审\\, Q1",
    "DTSTART;TZID=China Standard Time:20260305T140000",
    "DTEND;TZID=China Standard Time:20260305T153000",
    "LOCATION:Room 5\\; 二楼",
    'ORGANIZER;CN="Wang, Zhe":mailto:wang@example.com',
    "ATTENDEE;CN=Bo;PARTSTAT=NEEDS-ACTION:MAILTO:bo@example.com",
    "DESCRIPTION:Bring\\nthe figures.",
)
HEAD = [
    "Meeting: 预算评审, Q1; when: 2026-03-05 14:00–15:30 (China Standard Time);"
    " where: Room 5; 二楼; organiser: Wang, Zhe <wang@example.com>"
]


def lines(data: bytes) -> list[str]:
    return [line for block in meetings.read(data) for line in block.text.split("\n")]


def message(body: str | None = "See you there.", to: str = "bo@example.com") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Wang <wang@example.com>", to, "Budget"
    if body is not None:
        made.set_content(body)
    return made


def texts(made: EmailMessage, folder: Path) -> list[str]:
    return [block.text for block in parsed(made, folder).blocks]


def parsed(made: EmailMessage, folder: Path) -> ParsedDocument:
    (folder / "a").write_bytes(made.as_bytes())
    return parse(folder / "a", detect.EML)


def test_an_invitation_beside_the_body_follows_the_head(tmp_path: Path) -> None:
    made = message()
    made.add_alternative("<p>See you there.</p>", subtype="html")
    made.add_alternative(INVITATION.decode(), subtype="calendar", params={"method": "REQUEST"})
    assert texts(made, tmp_path) == [
        "Budget",
        "From: Wang <wang@example.com>\nTo: bo@example.com",
        "\n".join(HEAD),
        "See you there.",
    ]


def test_attendees_whom_the_head_does_not_name_are_named(tmp_path: Path) -> None:
    made = message(to="all@example.com")
    made.add_alternative(INVITATION.decode(), subtype="calendar")
    assert "\n".join([*HEAD, "Attendees: Bo <bo@example.com>"]) in texts(made, tmp_path)


def test_the_same_invitation_as_a_file_is_not_read_again(tmp_path: Path) -> None:
    made = message()
    made.add_alternative(INVITATION.decode(), subtype="calendar")
    made.add_attachment(INVITATION, "application", "ics", filename="invite.ics")
    made.add_attachment(calendar("SUMMARY:Other"), "application", "ics", filename="other.ics")
    assert [one.name for one in parsed(made, tmp_path).attachments] == ["other.ics"]


def test_a_message_that_is_an_invitation_alone_is_described(tmp_path: Path) -> None:
    made = message(body=None)
    made.set_content(INVITATION.decode(), subtype="calendar")
    assert texts(made, tmp_path)[2] == "\n".join([*HEAD, "Bring", "the figures."])


def test_a_calendar_that_is_damaged_is_left_as_text(tmp_path: Path) -> None:
    made = message()
    made.add_alternative("BEGIN:VCALENDAR\nSUMMARY:Budget", subtype="calendar")
    assert "BEGIN:VCALENDAR\nSUMMARY:Budget" in texts(made, tmp_path)


def test_a_calendar_file_is_read_as_its_events(tmp_path: Path) -> None:
    (tmp_path / "a.ics").write_bytes(INVITATION)
    [block] = parse(tmp_path / "a.ics", detect.TEXT).blocks
    people = "Attendees: Bo <bo@example.com>"
    assert block.text == "\n".join([*HEAD, people, "Bring", "the figures."])
    (tmp_path / "b.ics").write_bytes(INVITATION.replace(b"VALARM", b"VTODO"))
    assert parse(tmp_path / "b.ics", detect.TEXT).text.startswith("BEGIN:VCALENDAR")


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        (("DTSTART:20260305T140000Z",), "2026-03-05 14:00 (UTC)"),
        (("DTSTART:20260305T140000", "DURATION:PT1H30M"), "2026-03-05 14:00–15:30"),
        (("DTSTART;VALUE=DATE:20260305", "DTEND;VALUE=DATE:20260306"), "2026-03-05"),
        (("DTSTART:20260305", "DTEND:20260307"), "2026-03-05 – 2026-03-06"),
        (
            ("DTSTART:20260305T230000Z", "DTEND:20260306T010000Z"),
            "2026-03-05 23:00 – 2026-03-06 01:00 (UTC)",
        ),
        (
            ("DTSTART;TZID=A:20260305T230000", "DTEND;TZID=B:20260305T010000"),
            "2026-03-05 23:00 (A) – 2026-03-05 01:00 (B)",
        ),
        (("DTSTART:20260305T0900", "DTEND:x"), "20260305T0900"),
        (("DTSTART:20261399T090000",), "20261399T090000"),
        (("DTSTART:99991231T090000", "DURATION:P9W"), "9999-12-31 09:00"),
        (
            ("DTSTART:20260305T090000", "DTEND:20260305", "RRULE:FREQ=WEEKLY;BYDAY=TH"),
            "2026-03-05 09:00, repeats: weekly",
        ),
    ],
)
def test_times_are_written_as_they_are_said(fields: tuple[str, ...], shown: str) -> None:
    assert lines(calendar(*fields)) == [f"When: {shown}"]


def test_cancellations_and_answers_are_named() -> None:
    answer = "ATTENDEE;PARTSTAT=DECLINED:mailto:bo@example.com"
    found = lines(calendar("SUMMARY:Budget", "ORGANIZER:invalid", answer, method="CANCEL"))
    assert found == ["Meeting: Budget (cancelled)", "Attendees: bo@example.com (declined)"]


def test_lines_that_are_cut_within_a_character_are_joined() -> None:
    data = calendar("SUMMARY:预算评审")
    at = data.index("算".encode()) + 1
    assert lines(data[:at] + b"\r\n " + data[at:]) == ["Meeting: 预算评审"]


@pytest.mark.parametrize("length", range(0, len(INVITATION), 23))
def test_calendars_that_are_cut_off_do_no_harm(length: int) -> None:
    assert len(meetings.read(INVITATION[:length] + b'\r\nX;A="b:c\r\nEND:\r\nEND:VEVENT')) <= 1
