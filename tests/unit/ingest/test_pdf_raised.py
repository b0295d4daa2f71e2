"""Raised digits are superscripts: numbers keep their value, words their letters."""

from pathlib import Path

import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from ingest.parsers import pdf
from ingest.settings import ParseLimits

FONT = "STSong-Light"


def read(pieces: list[tuple[str, float, float]], folder: Path) -> str:
    """Text of a line of pieces, each with its size and how far it stands above the line."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    canvas = Canvas(str(folder / "a.pdf"), pagesize=(400, 400))
    line = canvas.beginText(40, 20)
    for text, size, rise in pieces:
        line.setFont(FONT, size)
        line.setRise(rise)
        line.textOut(text)
    canvas.drawText(line)
    canvas.save()
    return pdf.parse(folder / "a.pdf", ParseLimits()).text


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([("收入45.2", 10, 0), ("1", 6, 4), ("亿元", 10, 0)], "收入45.2¹亿元"),
        ([("官方语言", 10, 0), ("12", 6, 4), ("，列表", 10, 0)], "官方语言¹²，列表"),
        ([("Sales", 10, 0), ("1,2", 6, 4), (" rose", 10, 0)], "Sales¹,² rose"),
        ([("3", 6, 4), ("Of the whole group.", 10, 0)], "³Of the whole group."),
        ([("CO", 10, 0), ("2", 6, -3), (" fell", 10, 0)], "CO2 fell"),
        ([("Version ", 10, 0), ("2", 6, 0), (" runs", 10, 0)], "Version 2 runs"),
        ([("Total", 14, 0), (" 12", 8, 4), (" men", 14, 0)], "Total 12 men"),
        ([("Room ", 10, 0), ("7", 10, 4), (" is up", 10, 0)], "Room 7 is up"),
    ],
)
def test_raised_digits(
    pieces: list[tuple[str, float, float]], expected: str, tmp_path: Path
) -> None:
    found = read(pieces, tmp_path)  # pdfium breaks some of these lines
    assert "".join(found.split()) == "".join(expected.split())
