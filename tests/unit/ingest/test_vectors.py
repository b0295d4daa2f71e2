"""Drawings (SVG, Windows metafiles): the text that they write, and the bitmaps that they hold."""

import gzip
import io
import struct

import pytest
from PIL import Image

from ingest.parsers import vectors
from ingest.parsers.metafile_text import Piece, lines
from ingest.parsers.metafiles import Metafile


def record(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack("<2I", kind, 8 + len(body)) + body


def enhanced(*records: bytes, size: tuple[int, int] = (400, 300)) -> bytes:
    head = struct.pack("<8i4s", 0, 0, *size, 0, 0, 0, 0, b" EMF") + bytes(44)
    return record(1, head) + b"".join(records) + record(14, bytes(12))


def text_record(text: str, x: int, y: int, options: int = 0, advance: int = 0) -> bytes:
    content = text.encode("utf-16-le")
    content += bytes(-len(content) % 4)
    widths = 76 + len(content) if advance else 0
    fields = struct.pack("<2i3I16xI", x, y, len(text), 76, options, widths)
    advances = struct.pack(f"<{len(text)}I", *[advance] * len(text)) if advance else b""
    return record(84, bytes(28) + fields + content + advances)


def bitmap() -> bytes:
    Image.new("RGB", (120, 100), (10, 20, 30)).save(content := io.BytesIO(), "BMP")
    return content.getvalue()[14:]


def read(data: bytes) -> Metafile:
    found = vectors.read(io.BytesIO(data))
    assert found is not None
    return found


def test_an_enhanced_metafile_writes_lines() -> None:
    drawn = enhanced(
        text_record("Turn", 0, 10, advance=5),
        text_record("over", 20, 10, advance=5),
        text_record("2026", 60, 10),
        text_record("甲方", 0, 30),
        text_record("glyphs", 0, 50, options=0x10),
    )
    assert read(drawn) == Metafile("Turnover 2026\n甲方", None, has_glyphs=True)


def test_short_and_many_texts_and_those_of_gdi_plus() -> None:
    short = record(108, struct.pack("<2i4I2f", 0, 5, 4, 0x300, 1, 0, 0, 0)[:28] + b"Sold")
    head = struct.pack("<2i3I16xI", 0, 9, 2, 80, 0, 0)
    many = record(97, bytes(28) + struct.pack("<I", 1) + head + "ab".encode("utf-16-le"))
    assert read(enhanced(short, many)).text == "Sold\nab"
    string = struct.pack("<2H2I3I4f", 0x401C, 0, 44, 32, 0, 0, 2, 1, 1, 9, 9) + b"o\0k\0"
    plus = record(70, struct.pack("<I", 4 + len(string)) + b"EMF+" + string)
    assert read(enhanced(plus)).text == "ok"
    assert read(enhanced(plus, short)).text == "Sold"  # both say the same


def test_the_largest_bitmap_of_a_metafile_is_a_picture() -> None:
    dib = bitmap()
    places = struct.pack("<4I", 80, 40, 120, len(dib) - 40)
    held = read(enhanced(record(81, bytes(40) + places + bytes(16) + dib))).bitmap
    assert held is not None
    with Image.open(io.BytesIO(held)) as picture:
        assert (picture.size, picture.convert("RGB").getpixel((5, 5))) == ((120, 100), (10, 20, 30))


def old_record(function: int, body: bytes) -> bytes:
    return struct.pack("<IH", (6 + len(body)) // 2, function) + body


def old(*records: bytes, placeable: bool = True) -> bytes:
    place = struct.pack("<4sH4hHIH", b"\xd7\xcd\xc6\x9a", 0, 0, 0, 1440, 720, 1440, 0, 0)
    return (place if placeable else b"") + struct.pack("<3H12x", 1, 9, 0x300) + b"".join(records)


def test_an_old_metafile_is_decoded_by_the_charset_of_its_font() -> None:
    name = "合同".encode("gb18030")
    drawn = (
        old_record(0x02FA, bytes(10)),  # a pen, so that the font is the second object
        old_record(0x02FB, bytes(13) + b"\x86" + bytes(32)),
        old_record(0x012D, struct.pack("<H", 1)),
        old_record(0x0A32, struct.pack("<3hH", 7, 3, 4, 0) + name),
        old_record(0x0521, struct.pack("<h", 4) + b"Paid" + struct.pack("<2h", 20, 3)),
    )
    assert read(old(*drawn)) == Metafile("合同\nPaid", None)
    assert read(old(*drawn, placeable=False)).text == "合同\nPaid"
    assert read(gzip.compress(old(*drawn))).text == "合同\nPaid"


def test_a_bitmap_of_an_old_metafile() -> None:
    held = read(old(old_record(0x0F43, bytes(22) + bitmap()))).bitmap
    assert held is not None
    with Image.open(io.BytesIO(held)) as picture:
        assert picture.size == (120, 100)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<text>Net <tspan>profit</tspan></text><text>2026</text>", "Net profit\n2026"),
        ("<text><tspan x='1'>a</tspan><tspan x='9'>b</tspan></text>", "a b"),
        ("<g style='display: none'><text>gone</text></g><text>seen</text>", "seen"),
        ("<defs><text>gone</text></defs><title>Our logo</title><path/>", "Our logo"),
        ("<text>t<title>hint</title></text>", "t"),
        ("<path/>", ""),
    ],
)
def test_texts_of_a_drawing(content: str, text: str) -> None:
    markup = f"<svg xmlns='http://www.w3.org/2000/svg' width='2in' height='100'>{content}</svg>"
    assert read(markup.encode()) == Metafile(text, None)


@pytest.mark.parametrize(
    "data",
    [b"", b"<svg", b"<svg><a></svg>", b"%PDF-1.7", b"\x1f\x8bnothing", bytes(40) + b" EM"],
)
def test_what_is_no_drawing_is_nothing(data: bytes) -> None:
    assert vectors.read(io.BytesIO(data)) is None


def test_a_drawing_that_is_cut_off_counts_as_far_as_it_goes() -> None:
    whole = enhanced(text_record("first", 0, 1), text_record("second", 0, 2))
    for size in range(len(whole)):
        found = vectors.read(io.BytesIO(whole[:size]))
        assert found is None or found.text in ("", "first", "first\nsecond")


def test_letters_that_are_placed_one_by_one_are_words() -> None:
    placed = [Piece(10 * at, 0, letter, 10 * at + 5) for at, letter in enumerate("to be")]
    assert lines(placed) == "to be"
    assert lines([Piece(0, 0, "to", 10), Piece(14, 0, "be", 24)]) == "to be"
    assert lines([Piece(0, 0, "\0"), Piece(0, 0, "to"), Piece(9, 0, "be")]) == "to be"
