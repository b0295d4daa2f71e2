"""Messages of Outlook: what of them becomes text. Reading the container is the library's part."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ingest.blocks import ParsedDocument
from ingest.errors import DocumentDamaged, DocumentEncrypted, DocumentTooLarge
from ingest.parsers import msg
from ingest.settings import ParseLimits
from tests.unit.ingest.test_embedded import picture


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def parse(limits: ParseLimits | None = None, **fields: Any) -> ParsedDocument:
        message = {
            "message_class": "IPM.Note",
            "subject": "Budget",
            "sender": "=?UTF-8?B?546L?= <w@x.org>",
            "recipients": [
                SimpleNamespace(name="Bo", email_address="bo@x.org"),
                SimpleNamespace(name=None, email_address=None),
            ],
            "sent_date": dt.datetime(2024, 5, 1, 9, tzinfo=dt.UTC),
            "html_body": None,
            "body": "Plain words.",
            "attachments": [attachment("a.txt", b"inside")],
        }
        monkeypatch.setattr(msg.Message, "load", lambda _file: SimpleNamespace(**message | fields))
        (tmp_path / "a").write_bytes(b"")
        return msg.parse(tmp_path / "a", limits or ParseLimits())

    return parse


def attachment(
    name: str | None, content: bytes | None, *, by_value: bool = True, shown_as: str | None = None
) -> Any:
    return SimpleNamespace(
        file_name=name,
        file_bytes=content,
        attached_by_value=by_value,
        mime_type="application/octet-stream",
        properties=SimpleNamespace(str_prop_value=lambda _key: shown_as),
    )


def test_head_body_and_attachments(parsed) -> None:
    document = parsed()
    assert document.title == "Budget"
    assert [block.text for block in document.blocks] == [
        "Budget",
        "From: 王 <w@x.org>\nTo: Bo <bo@x.org>\nDate: 2024-05-01 09:00:00+00:00",
        "Plain words.",
    ]
    assert [(a.name, a.content) for a in document.attachments] == [("a.txt", b"inside")]


def test_pictures_in_the_text_have_no_name_and_logos_are_left_out(parsed) -> None:
    shot, logo = picture(10).getvalue(), picture(10, (20, 20)).getvalue()
    files = [
        attachment("image001.png", logo, shown_as="a@x"),
        attachment("image002.PNG", shot, shown_as="b@x"),
        attachment("scan.png", shot, shown_as="c@x"),
        attachment("terms.pdf", b"%PDF", shown_as="b@x"),
    ]
    page = "<p>See <img src='cid:a@x'><img src='cid:b@x'></p>"
    document = parsed(html_body=page, attachments=files)
    found = [(one.name, one.pasted, one.content) for one in document.attachments]
    assert found == [("", True, shot), ("scan.png", False, shot), ("terms.pdf", False, b"%PDF")]


def test_html_is_preferred_and_links_are_no_attachments(parsed) -> None:
    links = [attachment("x", None), attachment("y", b"z", by_value=False), attachment(None, b"n")]
    document = parsed(html_body="<p>Rich words.</p>", attachments=links)
    assert document.blocks[-1].text == "Rich words."
    assert [a.name for a in document.attachments] == ["attachment"]


def test_a_sealed_message_is_told_from_a_signed_one(parsed) -> None:
    with pytest.raises(DocumentEncrypted):
        parsed(message_class="IPM.Note.SMIME")
    assert parsed(message_class="IPM.Note.SMIME.MultipartSigned").title == "Budget"


def test_limits_of_attachments(parsed) -> None:
    with pytest.raises(DocumentTooLarge):
        parsed(ParseLimits(attachments_max=0))
    with pytest.raises(DocumentTooLarge):
        parsed(ParseLimits(attachment_bytes_max=5))


def test_what_is_no_message_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xd0\xcf\x11\xe0 no container")
    with pytest.raises(DocumentDamaged):
        msg.parse(tmp_path / "a", ParseLimits())
