"""Headers of messages as Chinese mail programs write them."""

from base64 import b64encode
from pathlib import Path

import pytest

from ingest import detect
from ingest.blocks import ParsedDocument
from ingest.parsers import parse
from ingest.parsers.decoding import decode

SUBJECT = "采购合同，朱镕基"  # 镕 is no character of GB 2312
BYTES = SUBJECT.encode("gbk")


def word(content: bytes, charset: str = "gb2312") -> bytes:
    return b"=?%s?B?%s?=" % (charset.encode(), b64encode(content))


def message(tmp_path: Path, *headers: bytes) -> ParsedDocument:
    path = tmp_path / "mail"
    path.write_bytes(b"\r\n".join([b"From: a@example.cn", *headers, b"", b"Good morning."]))
    return parse(path, detect.EML)


@pytest.mark.parametrize(
    "header",
    [
        BYTES,
        SUBJECT.encode(),
        word(BYTES),
        word(BYTES, "GBK"),
        word(BYTES[:5]) + b"\r\n " + word(BYTES[5:]),  # cut within a character
        word(BYTES[:4]) + b" " + word(SUBJECT[2:].encode(), "UTF-8"),
        b"=?gb2312?Q?" + "".join(f"={byte:02X}" for byte in BYTES).encode() + b"?=",
    ],
)
def test_subjects_are_read(header: bytes, tmp_path: Path) -> None:
    assert message(tmp_path, b"Subject: " + header).title == SUBJECT


@pytest.mark.parametrize(
    ("header", "title"),
    [
        (b"=?utf-8?B?QUJDR?=", "ABC"),  # one digit too many
        (b"=?utf-8?B?QU!JD?=", "ABC"),
        (b"=?utf-8?B?QUI=Qw==?=", "ABC"),  # two that were joined
        (b"=?utf-8?B?A?= end", "end"),
        (b"=?none?B?QUJD?=", "ABC"),
    ],
)
def test_words_that_are_malformed_cost_no_message(
    header: bytes, title: str, tmp_path: Path
) -> None:
    found = message(tmp_path, b"Subject: " + header)
    assert found.title is not None
    assert found.title.strip() == title
    assert "Good morning." in found.text


def test_a_name_in_quotes_may_hold_a_comma(tmp_path: Path) -> None:
    sender = b'To: "' + word("王喆, 采购部".encode("gbk")) + b'" <wang@example.cn>'
    assert "王喆, 采购部" in message(tmp_path, b"Subject: x", sender).text


@pytest.mark.parametrize(
    "disposition",
    [
        b'attachment; filename="' + "合同镕.txt".encode("gbk") + b'"',
        b'attachment; filename="' + word("合同镕.txt".encode("gbk")) + b'"',
        b"attachment; filename*=gb2312''%BA%CF%CD%AC%E9F.txt",
        b"attachment; filename*0*=GB2312''%BA%CF;\r\n filename*1*=%CD%AC%E9F.txt",
    ],
)
def test_names_of_attachments_are_read(disposition: bytes, tmp_path: Path) -> None:
    [attachment] = message(
        tmp_path,
        b"MIME-Version: 1.0",
        b"Content-Type: application/octet-stream",
        b"Content-Disposition: " + disposition,
    ).attachments
    assert attachment.name == "合同镕.txt"


def test_the_author_of_a_message_is_its_sender(tmp_path: Path) -> None:
    path = tmp_path / "mail"
    sender = word("王喆".encode("gbk"))
    path.write_bytes(b"From: " + sender + b" <wang@example.cn>\r\nSubject: x\r\n\r\nHello.")
    assert parse(path, detect.EML).origin.author == "王喆"


def test_an_attached_message_keeps_its_headers(tmp_path: Path) -> None:
    inner = b"Subject: " + BYTES + b"\r\nFrom: b@example.cn\r\n\r\nGood evening."
    path = tmp_path / "mail"
    path.write_bytes(
        b"From: a@example.cn\r\nSubject: Fwd\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\nSee below.\r\n"
        b"--B\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--B--\r\n"
    )
    [attachment] = parse(path, detect.EML).attachments
    assert attachment.name == f"{SUBJECT}.eml"
    path.write_bytes(attachment.content)
    assert parse(path, detect.EML).title == SUBJECT


@pytest.mark.parametrize("text", ["合同镕.txt", "附件：喆", "王喆 Muller"])
def test_short_texts_with_a_rare_character_are_chinese(text: str) -> None:
    assert decode(text.encode("gbk")) == text


@pytest.mark.parametrize(
    ("charset", "text"),
    [("cp1252", "Müller, café à la carte"), ("big5", "採購合約書。甲方：台灣積體電路")],
)
def test_other_short_texts_are_not(charset: str, text: str) -> None:
    assert decode(text.encode(charset)) == text


def test_a_declared_charset_holds_the_characters_of_its_successors() -> None:
    text = "€ 镕 " * 3
    assert decode(text.encode("gb18030"), "gb2312") == text
