"""Small files that would become large, deep, or a way to other files: all end, in their limits."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress

import pytest

from ingest import detect
from ingest.errors import (
    ArchiveRefused,
    IngestError,
    ParserTimedOut,
    SandboxUnavailable,
    UnsupportedType,
)
from ingest.sandbox import ParserSandbox
from ingest.settings import ParseLimits

MIB = 1024 * 1024
LIMITS = ParseLimits(parse_seconds_max=30, parse_memory_bytes_max=384 * MIB)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ParserSandbox]:
    with ParserSandbox() as running:
        yield running


def read(sandbox: ParserSandbox, content: bytes, name: str) -> str:
    media_type = detect.detect(io.BytesIO(content), name)
    return sandbox.parse(content, media_type, LIMITS).text


def ended(sandbox: ParserSandbox, content: bytes, name: str) -> str:
    """Return the text, or nothing after an error that blames the file."""
    try:
        return read(sandbox, content, name)
    except (ParserTimedOut, SandboxUnavailable):
        raise
    except IngestError:
        return ""


def entry(
    name: bytes, packed: bytes, size: int, offset: int, extra: bytes = b""
) -> tuple[bytes, bytes]:
    """Make a local header, and the line of the directory that leads to it."""
    crc = 0
    common = struct.pack("<HHHHHIII", 20, 0, 8, 0, 0, crc, len(packed), size)
    local = b"PK\3\4" + common + struct.pack("<HH", len(name), len(extra)) + name + extra
    central = b"PK\1\2\x14\0" + common + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, offset)
    return local, central + name


def directory(body: bytes, lines: list[bytes]) -> bytes:
    table = b"".join(lines)
    end = struct.pack("<HHHHIIH", 0, 0, len(lines), len(lines), len(table), len(body), 0)
    return body + table + b"PK\5\6" + end


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def one_kernel_behind_many_headers() -> bytes:
    """Let each entry's extra field reach over the next header to the same packed bytes."""
    kernel, headers = deflated(bytes(3 * MIB)), []
    length, count = 30 + 5, 200
    for number in range(count):
        rest = (count - 1 - number) * length
        headers.append(entry(b"%05d" % number, kernel, 3 * MIB, number * length, bytes(rest)))
    body = b"".join(local[:length] for local, _ in headers) + kernel
    return directory(body, [line for _, line in headers])


def one_entry_many_names() -> bytes:
    kernel = deflated(bytes(3 * MIB))
    local, _ = entry(b"a.xml", kernel, 3 * MIB, 0)
    lines = [entry(b"%05d" % number, kernel, 3 * MIB, 0)[1] for number in range(50)]
    return directory(local + kernel, lines)


@pytest.mark.parametrize("bomb", [one_kernel_behind_many_headers, one_entry_many_names])
def test_entries_that_overlap_are_refused(bomb: object) -> None:
    content = bomb()  # type: ignore[operator]
    assert len(zipfile.ZipFile(io.BytesIO(content)).infolist()) > 10  # Python takes it
    with pytest.raises(ArchiveRefused):
        detect.detect(io.BytesIO(content), "a.docx")


def workbook(shared: bytes, declared: bytes = b"") -> bytes:
    """Build the least XLSX that has a string; `shared` is its sharedStrings part."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>'.encode(),
        "_rels/.rels": (
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ).encode(),
        "xl/workbook.xml": declared
        + (
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            '<sheet name="One" sheetId="1" r:id="r1"/></sheets></workbook>'
        ).encode(),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" '
            f'Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
        ).encode(),
        "xl/worksheets/sheet1.xml": (
            f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row>'
            "</sheetData></worksheet>"
        ).encode(),
        "xl/sharedStrings.xml": shared,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def strings(text: bytes, doctype: bytes = b"") -> bytes:
    return doctype + b'<sst xmlns="%s"><si><t>%s</t></si></sst>' % (MAIN.encode(), text)


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha ha ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (97 + n, b"&%c;" % (96 + n) * 10) for n in range(1, 12)
)
QUADRATIC = b'<!DOCTYPE x [<!ENTITY a "' + b"ha" * 50_000 + b'">]>'


def test_the_workbook_itself_is_read(sandbox: ParserSandbox) -> None:
    assert "Hello" in read(sandbox, workbook(strings(b"Hello")), "a.xlsx")


@pytest.mark.parametrize(
    ("text", "doctype"),
    [
        pytest.param(b"&l;", LAUGHS + b"]>", id="billion laughs"),
        pytest.param(b"&a;" * 50_000, QUADRATIC, id="quadratic"),
        pytest.param(b"&a;", b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', id="file"),
        pytest.param(b"&a;", b'<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1:9/">]>', id="net"),
        pytest.param(
            b"x", b'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>', id="parameter"
        ),
        pytest.param(b"x", b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">', id="outer DTD"),
    ],
)
def test_entities_bring_nothing_in(sandbox: ParserSandbox, text: bytes, doctype: bytes) -> None:
    got = ended(sandbox, workbook(strings(text, doctype)), "a.xlsx")
    assert "root:" not in got
    assert len(got) < MIB


def test_a_size_that_lies_does_not_unpack_beyond_the_memory(sandbox: ParserSandbox) -> None:
    data = bytearray(workbook(strings(b"ha" * (150 * MIB))))
    at = data.index(b"xl/sharedStrings.xml", data.index(b"PK\1\2"))
    struct.pack_into("<I", data, at - 46 + 24, 4096)
    assert len(ended(sandbox, bytes(data), "a.xlsx")) < 2 * MIB
    assert "alive" in read(sandbox, workbook(strings(b"alive")), "a.xlsx")


def test_archives_in_archives_are_not_opened() -> None:
    inner = b""
    for _ in range(12):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("next.zip", inner)
        inner = buffer.getvalue()
    with pytest.raises(UnsupportedType):
        detect.detect(io.BytesIO(inner), "a.zip")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        pytest.param(b"<html>" + b"<p style='color:" * 1_000, "a.html", id="unclosed styles"),
        pytest.param(b"<html><style>" + b"@a{" * 30_000 + b"</style>x", "a.html", id="at rules"),
        pytest.param(b"<html><style>" + b"{}" * 90_000 + b"</style>x", "a.html", id="rules"),
        pytest.param(b"[" * 2_000 + b"](" * 500, "a.md", id="brackets"),
        pytest.param(b"> " * 20_000 + b"x", "a.md", id="quotes in quotes"),
        pytest.param(b"* " * 5_000 + b"x", "a.md", id="lists in lists"),
        pytest.param(b'"' + b'a,"' * 90_000, "a.csv", id="open quotes"),
        pytest.param("e\u0301".encode() + "\u0301".encode() * 90_000, "a.txt", id="marks"),
        pytest.param(
            b"From: a@x.org\nTo: b@x.org\nSubject: s\nContent-Type: multipart/mixed; boundary=x\n\n"
            + b"--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 3_000,
            "a.eml",
            id="parts in parts",
        ),
    ],
)
def test_text_made_to_be_slow_ends(sandbox: ParserSandbox, content: bytes, name: str) -> None:
    ended(sandbox, content, name)


def test_the_sandbox_lives_on(sandbox: ParserSandbox) -> None:
    with suppress(IngestError):
        read(sandbox, b"%PDF-1.4" + bytes(range(256)) * 50, "a.pdf")
    assert read(sandbox, b"still alive", "a.txt") == "still alive"
