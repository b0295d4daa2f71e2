"""Charts and SmartArt of Office documents become text and tables."""

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import docx
import pptx
import pytest
import xlsxwriter
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from pptx.chart.data import BubbleChartData, CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from ingest.blocks import Block
from ingest.parsers import charts, diagrams, odf, spreadsheet
from ingest.parsers import docx as word
from ingest.parsers import pptx as presentation
from ingest.parsers.chart_values import shown
from ingest.settings import ParseLimits

LIMITS = ParseLimits()
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def sales() -> CategoryChartData:
    data = CategoryChartData(number_format="0.0%")
    europe = data.add_category("Europe")
    for name in ("Spain", "Greece"):
        europe.add_sub_category(name)
    data.add_category("Asia").add_sub_category("China")
    data.add_series("2025", (0.125, None, 0.3))
    data.add_series("2026", (0.25, 0.5, 1))
    return data


class Deck:
    """A presentation with one slide, to which charts are added."""

    def __init__(self, path: Path) -> None:
        self._path = path / "deck"
        self._deck = pptx.Presentation()
        self.slide = self._deck.slides.add_slide(self._deck.slide_layouts[5])
        self.slide.shapes.title.text = "Growth"

    def add(self, kind: Any, data: Any) -> Any:
        place = (Inches(1), Inches(2), Inches(4), Inches(3))
        return self.slide.shapes.add_chart(kind, *place, data)

    def blocks(self) -> list[tuple[str, str, int | None]]:
        self._deck.save(str(self._path))
        found = presentation.parse(self._path, LIMITS).blocks
        return [(block.kind, block.text, block.page) for block in found]


@pytest.fixture
def deck(tmp_path: Path) -> Deck:
    return Deck(tmp_path)


def test_titles_and_values_of_a_chart_on_a_slide(deck: Deck) -> None:
    chart = deck.add(XL_CHART_TYPE.COLUMN_CLUSTERED, sales()).chart
    chart.chart_title.text_frame.text = "Growth by region"
    chart.value_axis.axis_title.text_frame.text = "Year on year"
    chart.category_axis.axis_title.text_frame.text = "Country"
    assert deck.blocks() == [
        ("heading", "Growth", 1),
        ("text", "Growth by region\nYear on year", 1),
        (
            "table",
            "Country\t2025\t2026\nEurope / Spain\t12.5%\t25%\nEurope / Greece\t\t50%\n"
            "Asia / China\t30%\t100%",
            1,
        ),
    ]


def test_a_hidden_chart_is_not_read(deck: Deck) -> None:
    frame = deck.add(XL_CHART_TYPE.PIE, sales())
    frame._element.nvGraphicFramePr.cNvPr.set("hidden", "1")
    assert [text for _, text, _ in deck.blocks()] == ["Growth"]


def test_points_and_bubbles_by_series(deck: Deck) -> None:
    points, bubbles = XyChartData(), BubbleChartData()
    for name, at in (("a", 1), ("b", 2)):
        points.add_series(name).add_data_point(at, 10 * at)
    bubbles.add_series("c").add_data_point(1, 2, 3)
    deck.add(XL_CHART_TYPE.XY_SCATTER, points)
    deck.add(XL_CHART_TYPE.BUBBLE, bubbles)
    tables = [text for kind, text, _ in deck.blocks() if kind == "table"]
    assert tables == ["\ta\n1\t10", "\tb\n2\t20", "\tc\tc\n1\t2\t3"]


def test_days_are_categories_and_an_unnamed_series_is_called_as_the_chart(deck: Deck) -> None:
    data = CategoryChartData()
    data.categories = [date(2026, 3, 1), date(2026, 3, 2)]
    data.add_series("", (4.300000000000001, 5))
    deck.add(XL_CHART_TYPE.LINE, data).chart.chart_title.text_frame.text = "Visitors"
    assert deck.blocks()[-1][1] == "\tVisitors\n2026-03-01\t4.3\n2026-03-02\t5"


def test_a_chart_in_a_table_of_a_word_file_is_read_once(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Before.")
    chart = (
        f"<c:chartSpace xmlns:c='{DRAWING}/chart'><c:chart><c:plotArea><c:barChart><c:ser>"
        "<c:tx><c:v>Sold</c:v></c:tx><c:val><c:numLit><c:pt idx='0'><c:v>7</c:v></c:pt></c:numLit>"
        "</c:val></c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>"
    )
    name = PackURI("/word/charts/chart1.xml")
    part = Part(name, "application/xml", chart.encode(), document.part.package)
    key = document.part.relate_to(part, f"{RELATIONS}/chart")
    drawing = (
        f"<w:r xmlns:w='{WORD}' xmlns:a='{DRAWING}/main'><w:drawing><a:graphic><a:graphicData>"
        f"<c:chart xmlns:c='{DRAWING}/chart' xmlns:r='{RELATIONS}' r:id='{key}'/>"
        "</a:graphicData></a:graphic></w:drawing></w:r>"
    )
    cell: Any = document.add_table(1, 1).cell(0, 0).paragraphs[0]
    cell._p.append(parse_xml(drawing))
    document.add_paragraph("After.")
    document.save(str(path := tmp_path / "document"))
    assert [block.text for block in word.parse(path, LIMITS).blocks] == [
        "Before.",
        "\tSold\n\t7",
        "After.",
    ]


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[[bool], tuple[Block, ...]]:
    def parsed(hidden: bool) -> tuple[Block, ...]:
        book = xlsxwriter.Workbook(path := tmp_path / "book.xlsx")
        front, back = book.add_worksheet("Front"), book.add_worksheet("It's back")
        back.write_column("A1", ["Mon", "Tue"])
        back.write_column("B1", [3, 4])
        chart = book.add_chart({"type": "bar"})
        cells = {"categories": "='It''s back'!$A$1:$A$2", "values": "='It''s back'!$B$1:$B$2"}
        chart.add_series({"name": "Visits", **cells})
        chart.set_title({"name": "Week"})
        front.insert_chart("A1", chart)
        alone = book.add_chart({"type": "pie"})
        alone.add_series(cells)
        alone.set_title({"name": "Share"})
        book.add_chartsheet("Alone").set_chart(alone)
        if hidden:
            back.hide()
        book.close()
        return spreadsheet.parse(path, LIMITS).blocks

    return parsed


def test_values_that_stand_in_cells_are_read_there(workbook: Any) -> None:
    assert [block.text for block in workbook(False)] == [
        *("Front", "Week\nVisits"),
        *("It's back", "Mon\t3\nTue\t4"),
        *("Alone", "Share"),
    ]


def test_values_of_a_hidden_sheet_are_read_in_the_chart(workbook: Any) -> None:
    assert [block.text for block in workbook(True)] == [
        *("Front", "Week", "\tVisits\nMon\t3\nTue\t4"),
        *("Alone", "Share", "\tShare\nMon\t3\nTue\t4"),
    ]


def test_a_waterfall_in_the_newer_form() -> None:
    part = (
        "<cx:chartSpace xmlns:cx='x'><cx:chartData><cx:data id='0'><cx:strDim type='cat'><cx:lvl>"
        "<cx:pt idx='0'>Start</cx:pt><cx:pt idx='1'>Tax</cx:pt></cx:lvl></cx:strDim>"
        "<cx:numDim type='val'><cx:f>Sheet1!$B$2:$B$3</cx:f><cx:lvl formatCode='General'>"
        "<cx:pt idx='0'>10</cx:pt><cx:pt idx='1'>-2</cx:pt></cx:lvl></cx:numDim></cx:data>"
        "</cx:chartData><cx:chart><cx:title><cx:tx><cx:txData><cx:v>Cash</cx:v></cx:txData></cx:tx>"
        "</cx:title><cx:plotArea><cx:plotAreaRegion><cx:series><cx:tx><cx:txData><cx:v>Flow</cx:v>"
        "</cx:txData></cx:tx><cx:dataId val='0'/></cx:series></cx:plotAreaRegion></cx:plotArea>"
        "</cx:chart></cx:chartSpace>"
    )
    assert [block.text for block in charts.read(part.encode())] == [
        "Cash",
        "\tFlow\nStart\t10\nTax\t-2",
    ]


def test_points_of_a_diagram_in_the_order_they_hang_on_each_other() -> None:
    texts = {"b": "Sign", "a": "Ask", "c": "Pay", "a1": "In writing"}
    points = "".join(
        f"<d:pt modelId='{key}'><d:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></d:t></d:pt>"
        for key, text in texts.items()
    )
    links = "".join(
        f"<d:cxn srcId='{above}' destId='{below}' srcOrd='{order}'/>"
        for above, below, order in (
            *(("root", "c", 10), ("root", "b", 2), ("root", "a", 0)),
            *(("a", "a1", 0), ("a1", "root", 0), ("c", "c", 0)),
        )
    )
    part = (
        f"<d:dataModel xmlns:d='d' xmlns:a='a'><d:ptLst><d:pt modelId='root' type='doc'/>{points}"
        f"</d:ptLst><d:cxnLst>{links}</d:cxnLst></d:dataModel>"
    )
    assert [block.text for block in diagrams.read(part.encode())] == [
        "Ask",
        "In writing",
        "Sign",
        "Pay",
    ]


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        ("0.07", "0%", "7%"),
        ("46082.5", "m/d/yy h:mm", "2026-03-01 12:00"),
        ("12", '0 "days"', "12"),
        ("3", "[Red]0", "3"),
        ("n/a", "0", "n/a"),
        ("1e99", "yyyy", "1e99"),
        ("nan", "yyyy", "nan"),
        ("2019", "", "2019"),
    ],
)
def test_values_are_shown_by_their_format(value: str, form: str, text: str) -> None:
    assert shown(value, form) == text


@pytest.mark.parametrize("read", [charts.read, diagrams.read])
@pytest.mark.parametrize("part", [b"", b"<a", b"<a/>", b"\xff\xfe<", b"<!--x-->"])
def test_a_damaged_part_is_nothing(read: Callable[[bytes], Any], part: bytes) -> None:
    assert [block for block in read(part) if block.text] == []


@pytest.mark.parametrize("name", ["text", "presentation"])
def test_a_chart_in_an_open_document(tmp_path: Path, name: str) -> None:
    names = {
        key: f"urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"
        for key, space in zip("otdch", ("office", "text", "drawing", "table", "chart"), strict=True)
    }
    spaces = " ".join(f'xmlns:{key}="{space}"' for key, space in names.items())
    link = 'xmlns:x="http://www.w3.org/1999/xlink" x:href'
    frame = (
        f'<d:frame><d:object {link}="./Object 1"/><d:image {link}="./ObjectReplacements/1"/>'
        "</d:frame>"
    )
    page = f"<d:page>{frame}</d:page>" if name == "presentation" else f"<t:p>See:{frame}</t:p>"
    cell = "<c:table-cell><t:p>{}</t:p></c:table-cell>".format
    rows = "".join(
        f"<c:table-row>{''.join(map(cell, row))}</c:table-row>" for row in (["", "Sold"], ["A", 7])
    )
    chart = f"<h:chart><h:title><t:p>Sales</t:p></h:title><c:table>{rows}</c:table></h:chart>"
    path = tmp_path / "document"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("META-INF/manifest.xml", "<m/>")
        package.writestr(
            "content.xml", f"<o:c {spaces}><o:body><o:{name}>{page}</o:{name}></o:body></o:c>"
        )
        body = f"<o:body><o:chart>{chart}</o:chart></o:body>"
        package.writestr("Object 1/content.xml", f"<o:c {spaces}>{body}</o:c>")
    texts = [block.text for block in odf.parse(path, LIMITS).blocks]
    assert texts[-2:] == ["Sales", "\tSold\nA\t7"]
