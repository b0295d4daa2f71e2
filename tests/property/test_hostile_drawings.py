"""Charts, diagrams, formulas and drawings of any bytes end in text or in nothing, within bounds."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ingest.parsers import charts, diagrams, metafiles, office_math, package, svg, vectors

LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY file SYSTEM 'file:///etc/passwd'>]>"
DEEP = 20_000
NUMBERS = st.integers(-(2**63), 2**63) | st.floats(allow_nan=True)


def texts(part: bytes) -> list[str]:
    return [block.text for read in (charts.read, diagrams.read) for block in read(part)]


def chart(points: str, form: str = "General") -> bytes:
    cache = f"<numCache><formatCode>{form}</formatCode>{points}</numCache>"
    series = f"<ser><val><numRef>{cache}</numRef></val></ser>"
    return f"<c><chart><plotArea><bar>{series}</bar></plotArea></chart></c>".encode()


@given(st.binary(max_size=400))
def test_any_bytes_are_read_to_the_end(data: bytes) -> None:
    texts(data)
    vectors.read(io.BytesIO(data))


@given(st.binary(max_size=400), st.integers(0, 200))
def test_any_records_are_read_to_the_end(data: bytes, kind: int) -> None:
    head = struct.pack("<2I8i4s", 1, 88, *[0] * 8, b" EMF") + bytes(44)
    size = struct.pack("<2I", kind, 8 + len(data))
    assert metafiles.read(head + size + data) is not None
    old = b"\x01\x00\x09\x00" + bytes(14)
    record = struct.pack("<IH", 3 + len(data) // 2, (kind * 331) % 0x1000)
    assert metafiles.read(old + record + data) is not None


@given(st.integers(0, 2**40), NUMBERS, st.sampled_from(["0%", "yyyy-mm-dd", "General", ""]))
def test_places_and_values_of_any_size(place: int, value: float, form: str) -> None:
    found = texts(chart(f"<pt idx='{place}'><v>{value}</v></pt>", form))
    assert len("".join(found)) < 400  # as many rows as points, whatever their places


@pytest.mark.parametrize("markup", ["<c>&b;{}</c>", "<c>{}&file;</c>"])
def test_entities_are_not_expanded(markup: str) -> None:
    inner = "<chart><title><p><t>&b;&file;</t></p></title><plotArea/></chart><text>&b;</text>"
    part = (LAUGHS + markup.format(inner)).encode()
    drawing = svg.read(part)
    assert "ha" not in "".join(texts(part)) + (drawing[0] if drawing else "")
    assert "root:" not in "".join(texts(part))


@pytest.mark.parametrize("name", ["a", "text", "tspan", "chart", "pt", "lvl"])
def test_deep_nesting_is_nothing(name: str) -> None:
    part = (f"<{name}>" * DEEP + f"</{name}>" * DEEP).encode()
    assert texts(part) == []
    assert svg.read(part) is None


def test_formulas_nest_as_deep_as_a_part_may() -> None:
    space = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    deep = 80
    markup = "<m:rad><m:e>" * deep + "<m:r><m:t>x</m:t></m:r>" + "</m:e></m:rad>" * deep
    root = package.xml(f"<m:oMath {space}>{markup}</m:oMath>".encode())
    assert office_math.linear(root).startswith("√(" * deep + "x)")
    with pytest.raises(etree.XMLSyntaxError):
        package.xml((f"<m:oMath {space}>" + "<m:e>" * DEEP).encode())


def test_points_that_hang_on_each_other_in_rings_end() -> None:
    points = "".join(
        f"<pt modelId='{n}' type='doc'><t><p><t>{n}</t></p></t></pt>" for n in range(9)
    )
    links = "".join(
        f"<cxn srcId='{a}' destId='{b}' srcOrd='{b}'/>" for a in range(9) for b in range(9)
    )
    part = f"<d><ptLst>{points}</ptLst><cxnLst>{links}</cxnLst></d>".encode()
    assert sorted(block.text for block in diagrams.read(part)) == [str(n) for n in range(9)]


def test_a_packed_drawing_that_unpacks_without_end_is_nothing() -> None:
    packer = zlib.compressobj(wbits=31)
    data = b"".join(packer.compress(bytes(1 << 20)) for _ in range(70)) + packer.flush()
    assert len(data) < 100_000
    assert vectors.read(io.BytesIO(data)) is None
