"""Documents of Office 97-2003 pass through LibreOffice before they are read; here it is played."""

import io
from pathlib import Path

import docx
import pytest

from ingest import detect, office
from ingest.errors import DocumentDamaged, OfficeUnavailable, UnsupportedType
from ingest.reception import receive
from ingest.sandbox import ParserSandbox, conversion
from ingest.settings import ArchiveLimits, ParseLimits

OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "WordDocument\0".encode("utf-16-le")
LIMITS = ParseLimits()


def play_libre_office(patch: pytest.MonkeyPatch, *, opens: bool = True) -> list[bytes]:
    """Put a program in the place of LibreOffice; what it is given appears in the list."""
    given: list[bytes] = []

    def run(_program: str, folder: str, target: str, _limits: ParseLimits) -> int:
        given.append((Path(folder) / "document").read_bytes())
        if opens:
            document = docx.Document()
            document.add_paragraph("The notice period is ninety days.")
            document.save(f"{folder}/document.{target}")
        return 0 if opens else 1

    patch.setattr(conversion, "converter", lambda: "/usr/bin/soffice")
    patch.setattr(conversion, "_run", run)
    return given


def test_an_old_document_is_read_as_the_new_one_that_it_becomes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = play_libre_office(monkeypatch)
    with ParserSandbox() as sandbox:
        document = sandbox.parse(OLD, detect.DOC)
    assert document.text == "The notice period is ninety days."
    assert given == [OLD]


def test_other_documents_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    given = play_libre_office(monkeypatch)
    assert conversion.modern(b"%PDF", detect.PDF, LIMITS) == (b"%PDF", detect.PDF)
    assert given == []


def test_what_libre_office_cannot_open_is_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    given = play_libre_office(monkeypatch, opens=False)
    with pytest.raises(DocumentDamaged):
        conversion.modern(OLD, detect.DOC, LIMITS)
    assert len(given) == 2  # the second time it has settings


def test_switched_off_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    play_libre_office(monkeypatch)
    with pytest.raises(OfficeUnavailable, match=r"Save the file as \.docx"):
        conversion.modern(OLD, detect.DOC, ParseLimits(office_seconds_max=0))


def test_without_libre_office_old_documents_are_not_taken_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conversion.shutil, "which", lambda _program: None)
    with pytest.raises(UnsupportedType, match=r"Save the file as \.docx.*install LibreOffice"):
        receive("a.doc", io.BytesIO(OLD), 10_000, ArchiveLimits())
    assert ".doc" not in office.extensions()
    with pytest.raises(OfficeUnavailable):
        conversion.modern(OLD, detect.DOC, LIMITS)


def test_with_libre_office_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion.shutil, "which", lambda _program: "/usr/bin/soffice")
    received = receive("a.doc", io.BytesIO(OLD), 10_000, ArchiveLimits())
    assert received.media_type == detect.DOC
    assert {".doc", ".ppt", ".docx"} <= set(office.extensions())
