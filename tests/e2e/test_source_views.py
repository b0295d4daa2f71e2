"""A cited source opens in the page: pictures, files in files, office documents."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from pypdf import PdfWriter

from tests.e2e import papers
from tests.e2e.desk import Desk
from tests.product import Server

SCAN = Path(__file__).resolve().parents[1] / "golden" / "scans" / "english.png"
DEED = "The deed of the northern warehouse is kept in the safe of the notary."
# The darkest pixel of a picture under a box on it.
_DARKEST = """(picture, box) => {
  const canvas = document.createElement('canvas')
  canvas.width = picture.naturalWidth
  canvas.height = picture.naturalHeight
  const context = canvas.getContext('2d')
  context.drawImage(picture, 0, 0)
  const place = [box.x * canvas.width, box.y * canvas.height,
                 box.width * canvas.width, box.height * canvas.height]
  return Math.min(...context.getImageData(...place).data.filter((_, i) => i % 4 === 0))
}"""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A collection with a picture, a PDF with a file attached, and a Word document."""

    collection: str
    office: str


@pytest.fixture(scope="module")
def shelf(server: Server) -> Shelf:
    client = server.signed_in()
    made = client.post("/v1/collections", json={"name": "Sources to look at"}).raise_for_status()
    collection: str = made.json()["id"]
    files = {
        "safety.png": SCAN.read_bytes(),
        "contract.pdf": _with_attachment(),
        "fire-safety.docx": papers.word("Fire safety", ["The alarm is tested on Mondays."]),
    }
    sent = [server.upload(client, collection, *file).raise_for_status() for file in files.items()]
    ids = [answer.json()["id"] for answer in sent]
    assert [server.wait_for(client, one)["status"] for one in ids] == ["ready"] * len(ids)
    return Shelf(collection, ids[-1])


def _with_attachment() -> bytes:
    writer = PdfWriter(io.BytesIO(papers.pdf("Helvetica", [["Contract", "See the annex."]])))
    writer.add_attachment("annex.txt", DEED.encode())
    writer.write(buffer := io.BytesIO())
    return buffer.getvalue()


def opened(desk: Desk, query: str, document: str) -> Locator:
    """Search and open the passage of a document; return the panel."""
    desk.go("#/search")
    form = desk.page.get_by_test_id("search-form")
    form.get_by_role("searchbox").fill(query)
    desk.page.keyboard.press("Enter")
    hit = desk.page.get_by_test_id("hit").filter(has_text=document).first
    hit.get_by_role("button", name=document).click()
    return desk.page.get_by_test_id("source-panel")


def test_a_scanned_picture_opens_with_the_passage_marked(
    shelf: Shelf, signed_in: Callable[..., Desk]
) -> None:
    panel = opened(signed_in("en"), "Report every accident to the shift leader", "safety.png")
    picture = panel.get_by_test_id("picture-page").get_by_role("img", name="safety.png")
    expect(picture).to_have_js_property("complete", True)
    mark = panel.get_by_test_id("highlight").first
    expect(mark).to_be_in_viewport()
    box = {side: float(mark.get_attribute(side) or 0) for side in ("x", "y", "width", "height")}
    assert picture.evaluate(_DARKEST, box) < 100


def test_a_passage_of_a_file_attached_to_a_pdf_opens_as_text(
    shelf: Shelf, signed_in: Callable[..., Desk]
) -> None:
    panel = opened(signed_in("zh"), "deed of the northern warehouse", "contract.pdf")
    expect(panel.get_by_test_id("pdf-page")).to_have_count(0)
    marks = panel.get_by_test_id("highlight")
    expect(marks.first).to_be_in_viewport()
    assert DEED in "".join(marks.all_text_contents())


def test_an_office_document_opens_as_text_where_it_has_no_pages(
    shelf: Shelf, signed_in: Callable[..., Desk]
) -> None:
    desk = signed_in("zh")
    without_boxes(desk.page)
    panel = opened(desk, "When is the alarm tested?", "fire-safety.docx")
    marked = panel.get_by_test_id("highlight").filter(has_text="Mondays")
    expect(marked).to_be_in_viewport()
    expect(panel.get_by_test_id("pdf-page")).to_have_count(0)


def test_an_office_document_opens_as_pages_where_it_has_them(
    shelf: Shelf, signed_in: Callable[..., Desk]
) -> None:
    desk = signed_in("en")
    with_view(desk.page, shelf.office)
    panel = opened(desk, "When is the alarm tested?", "fire-safety.docx")
    expect(panel.get_by_test_id("pdf-page")).to_have_attribute("data-page", "2")
    expect(panel.locator(".text span", has_text="Mondays")).to_have_count(1)
    expect(panel.get_by_test_id("highlight")).to_be_in_viewport()


def without_boxes(page: Page) -> None:
    """Let the server answer as where LibreOffice is not installed."""
    _rewrite_hits(page, page_number=None, boxes=[])


def with_view(page: Page, document: str) -> None:
    """Let the server answer as where LibreOffice is installed."""
    box = {"page": 2, "left": 0.1, "top": 0.13, "right": 0.6, "bottom": 0.16}
    _rewrite_hits(page, page_number=2, boxes=[box])
    pages = papers.pdf("Helvetica", [["Fire safety"], ["Alarm", "It is tested on Mondays."]])
    page.route(
        f"**/v1/documents/{document}/view",
        lambda route: route.fulfill(body=pages, content_type="application/pdf"),
    )


def _rewrite_hits(page: Page, page_number: int | None, boxes: list[dict[str, float]]) -> None:
    def answer(route: Route) -> None:
        response = route.fetch()
        found = response.json()
        for hit in found["hits"]:
            if hit["document_name"].endswith(".docx"):
                hit |= {"page": page_number, "boxes": boxes}
        route.fulfill(response=response, json=found)

    page.route("**/v1/search", answer)
