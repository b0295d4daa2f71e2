"""A scanned picture opens in the page with the cited passage marked on it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.desk import Desk
from tests.product import Server

SCAN = Path(__file__).resolve().parents[1] / "golden" / "scans" / "english.png"
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


@pytest.fixture(scope="module")
def scan(server: Server) -> str:
    """Upload a scanned page; return its name."""
    client = server.signed_in()
    made = client.post("/v1/collections", json={"name": "Sources to look at"}).raise_for_status()
    sent = server.upload(client, made.json()["id"], "safety.png", SCAN.read_bytes())
    document = server.wait_for(client, sent.raise_for_status().json()["id"])
    assert document["status"] == "ready", document
    return "safety.png"


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
    scan: str, signed_in: Callable[..., Desk]
) -> None:
    panel = opened(signed_in("en"), "Report every accident to the shift leader", scan)
    picture = panel.get_by_test_id("picture-page").get_by_role("img", name=scan)
    expect(picture).to_have_js_property("complete", True)
    mark = panel.get_by_test_id("highlight").first
    expect(mark).to_be_in_viewport()
    box = {side: float(mark.get_attribute(side) or 0) for side in ("x", "y", "width", "height")}
    assert picture.evaluate(_DARKEST, box) < 100
