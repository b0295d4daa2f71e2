"""What lies on the sheets of a workbook."""

import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from ingest.blocks import Block
from ingest.parsers import spreadsheet
from ingest.settings import ParseLimits
from tests.unit.ingest.test_embedded import picture, shades

LIMITS = ParseLimits()
MAIN = "http://schemas.openxmlformats.org/"
RELS = f'xmlns="{MAIN}package/2006/relationships"'
KINDS = f"{MAIN}officeDocument/2006/relationships"


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """Two sheets with pictures out of order, and a hidden one."""
    book = xlsxwriter.Workbook(path := tmp_path / "book.xlsx")
    hall = book.add_worksheet("Hall")
    hall.write_row(0, 0, ["Door", "Width"])
    hall.write_row(1, 0, ["North", 3])
    for shade, cell in ((20, "A9"), (10, "D4")):
        hall.insert_image(cell, f"{shade}.png", {"image_data": picture(shade)})
    for name, shade in (("Only a picture", 30), ("Hidden", 40)):
        sheet = book.add_worksheet(name)
        sheet.insert_image("A1", f"{shade}.png", {"image_data": picture(shade)})
    sheet.hide()
    book.close()
    return path


def changed(path: Path, parts: dict[str, str]) -> Path:
    """Rewrite parts of a package."""
    with zipfile.ZipFile(path) as package:
        kept = {name: package.read(name) for name in package.namelist()}
    with zipfile.ZipFile(path, "w") as package:
        for name, content in (kept | parts).items():
            package.writestr(name, content)
    return path


def test_pictures_of_a_sheet_follow_its_rows_from_top_to_bottom(workbook: Path) -> None:
    blocks = spreadsheet.parse(workbook, LIMITS).blocks
    assert shades(workbook, blocks) == [
        "Hall",
        "Door\tWidth\nNorth\t3",
        10,
        20,
        "Only a picture",
        30,
    ]


def test_text_in_shapes_is_read_once(workbook: Path) -> None:
    shape = "<x:sp><x:nvSpPr><x:cNvPr id='1' {}/></x:nvSpPr><x:txBody>{}</x:txBody></x:sp>"
    words = "<a:p><a:r><a:t>Mind the </a:t></a:r><a:r><a:t>step.</a:t></a:r></a:p>"
    hidden = shape.format("hidden='1'", words)
    drawing = (
        f"<x:wsDr xmlns:x='{MAIN}drawingml/2006/spreadsheetDrawing' "
        f"xmlns:a='{MAIN}drawingml/2006/main' xmlns:m='{MAIN}markup-compatibility/2006'>"
        "<x:absoluteAnchor><m:AlternateContent>"
        f"<m:Choice Requires='z'>{shape.format('', words)}</m:Choice>"
        f"<m:Fallback>{shape.format('', words)}</m:Fallback></m:AlternateContent>"
        f"{hidden}</x:absoluteAnchor></x:wsDr>"
    )
    path = changed(workbook, {"xl/drawings/drawing1.xml": drawing})
    texts = [block.text for block in spreadsheet.parse(path, LIMITS).blocks]
    assert texts.count("Mind the step.") == 1
    assert texts.index("Mind the step.") < texts.index("Only a picture")


@pytest.mark.parametrize("damage", ["", "<broken", "<wsDr/>"])
def test_a_damaged_drawing_does_not_cost_the_cells(workbook: Path, damage: str) -> None:
    path = changed(workbook, {"xl/drawings/drawing1.xml": damage})
    assert spreadsheet.parse(path, LIMITS).blocks[1] == Block("table", "Door\tWidth\nNorth\t3")


def test_a_picture_in_a_cell_stands_after_the_rows_and_not_as_its_formula(workbook: Path) -> None:
    images = (
        "<e:cellImages xmlns:e='http://www.wps.cn/officeDocument/2017/etCustomData' "
        f"xmlns:x='{MAIN}drawingml/2006/spreadsheetDrawing' xmlns:r='{KINDS}' "
        f"xmlns:a='{MAIN}drawingml/2006/main'><e:cellImage><x:pic><x:nvPicPr>"
        "<x:cNvPr id='2' name='ID_7'/></x:nvPicPr><x:blipFill><a:blip r:embed='rId1'/>"
        "</x:blipFill></x:pic></e:cellImage></e:cellImages>"
    )
    related = (
        f"<Relationships {RELS}><Relationship Id='rId1' Type='{KINDS}/image' "
        "Target='media/image3.png'/></Relationships>"
    )
    values = (
        f"<worksheet xmlns='{MAIN}spreadsheetml/2006/main'><sheetData><row r='1'>"
        "<c r='A1' t='str'><v>Door</v></c><c r='B1' t='str'><v>Width</v></c></row><row r='2'>"
        "<c r='A2' t='str'><f>_xlfn.DISPIMG(\"ID_7\",1)</f><v>=DISPIMG(\"ID_7\",1)</v></c>"
        "<c r='B2'><v>4</v></c></row></sheetData></worksheet>"
    )
    parts = {
        "xl/cellimages.xml": images,
        "xl/_rels/cellimages.xml.rels": related,
        "xl/worksheets/sheet1.xml": values,
    }
    path = changed(workbook, parts)
    blocks = spreadsheet.parse(path, LIMITS).blocks
    assert shades(path, blocks)[:3] == ["Hall", "Door\tWidth\n\t4", 30]


def test_pictures_of_opendocument_sheets(tmp_path: Path) -> None:
    names = {"office": "office", "table": "table", "text": "text", "draw": "drawing"}
    namespace = "xmlns:{}='urn:oasis:names:tc:opendocument:xmlns:{}:1.0'"
    spaces = " ".join(namespace.format(*pair) for pair in names.items())
    content = (
        f"<office:document-content {spaces} xmlns:xlink='http://www.w3.org/1999/xlink'>"
        "<office:body><office:spreadsheet><table:table table:name='Hall'><table:shapes>"
        "<draw:frame><draw:image xlink:href='Pictures/a.png'/></draw:frame></table:shapes>"
        "<table:table-row><table:table-cell office:value-type='string'><text:p>Door</text:p>"
        "</table:table-cell></table:table-row></table:table></office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    path = tmp_path / "book.ods"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", "<manifest/>")
        package.writestr("content.xml", content)
        package.writestr("Pictures/a.png", picture(50).getvalue())
    assert shades(path, spreadsheet.parse(path, LIMITS).blocks) == ["Hall", "Door", 50]
