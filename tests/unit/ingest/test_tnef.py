"""What Outlook packs into a winmail.dat is taken out of it."""

import struct
from base64 import encodebytes
from pathlib import Path

import pytest

from ingest import detect
from ingest.blocks import ParsedDocument
from ingest.parsers import parse

NEXT, TITLE, DATA, CODE_PAGE = 0x00069002, 0x00018010, 0x0006800F, 0x00069007


def attribute(kind: int, value: bytes, level: int = 2) -> bytes:
    return struct.pack("<BII", level, kind, len(value)) + value + bytes(2)


PACKED = b"\x78\x9f\x3e\x22\x01\x00" + b"".join(
    (
        attribute(CODE_PAGE, struct.pack("<II", 936, 0), 1),
        attribute(0x00069003, b"properties of the message", 1),
        attribute(NEXT, bytes(14)),
        attribute(TITLE, "合同镕.txt\0".encode("gbk")),
        attribute(DATA, b"Payment is due in May."),
        attribute(NEXT, bytes(14)),
        attribute(DATA, b"of the second"),
        attribute(TITLE, b"second.txt\0"),
    )
)


def message(folder: Path, packed: bytes) -> ParsedDocument:
    (folder / "mail").write_bytes(
        b"From: a@example.com\r\nSubject: Contract\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\nSee the file.\r\n"
        b'--B\r\nContent-Type: application/ms-tnef; name="winmail.dat"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n" + encodebytes(packed) + b"\r\n--B--\r\n"
    )
    return parse(folder / "mail", detect.EML)


def test_the_files_are_attachments_of_the_message(tmp_path: Path) -> None:
    found = message(tmp_path, PACKED).attachments
    assert [(one.name, one.content) for one in found] == [
        ("合同镕.txt", b"Payment is due in May."),
        ("second.txt", b"of the second"),
    ]


@pytest.mark.parametrize("length", range(4, len(PACKED), 7))
def test_one_that_is_cut_off_gives_what_there_is(length: int, tmp_path: Path) -> None:
    found = message(tmp_path, PACKED[:length])
    assert len(found.attachments) <= 2
    assert found.title == "Contract"
