"""Point 3: ask in both languages, read the cited place, and be told when there is none."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e import papers
from tests.e2e.conftest import Library
from tests.e2e.desk import ANSWER_MS, Desk, overlaps, sentences
from tests.product import Server

HOTEL = "How much of the hotel costs is refunded per night?"
# What lies under the middle of a box, on the picture of the page: the darkest of its pixels.
_DARKEST = """(canvas, box) => {
  const at = name => Number(box[name])
  const x = Math.floor(at('x') * canvas.width), y = Math.floor(at('y') * canvas.height)
  const w = Math.ceil(at('width') * canvas.width), h = Math.ceil(at('height') * canvas.height)
  const { data } = canvas.getContext('2d').getImageData(x, y, w, h)
  let darkest = 255
  for (let i = 0; i < data.length; i += 4) darkest = Math.min(darkest, data[i])
  return darkest
}"""


def open_citation(desk: Desk, turn: Locator, document: str, holds: str) -> Locator:
    """Click a number that leads to a quote with the fact; return the panel that opens."""
    source = turn.get_by_test_id("source").filter(has_text=document)
    number = source.filter(has=desk.page.locator("q", has_text=holds)).locator(".number").first
    turn.locator(f"[data-testid=citation][data-number='{number.inner_text()}']").first.click()
    panel = desk.page.get_by_test_id("source-panel")
    expect(panel.get_by_role("heading", level=2)).to_have_text(document)
    return panel


@pytest.mark.parametrize(
    ("question", "source", "page", "holds"),
    [
        (HOTEL, papers.TRAVEL, 2, "120 euros"),
        ("出差住宿费每晚的上限是多少？", papers.TRAVEL_CHINESE, 2, "600"),
    ],
)
def test_a_citation_opens_the_page_of_a_pdf_at_the_passage(
    library: Library, desk: Desk, question: str, source: str, page: int, holds: str
) -> None:
    desk.ask_in(library.collection)
    turn = desk.ask(question)
    assert all(re.search(r"[.!?。！？][\"”’)]*\s?(\[\d+\])+$", one) for one in sentences(turn))
    panel = open_citation(desk, turn, source, holds)
    sheet = panel.get_by_test_id("pdf-page")
    expect(sheet).to_have_attribute("data-page", str(page))
    words = panel.locator(".text span", has_text=holds)
    expect(words).to_have_count(1)
    marks = panel.get_by_test_id("highlight")
    expect(marks.first).to_be_in_viewport()
    assert any(overlaps(words, mark) for mark in marks.all())
    box = {side: marks.first.get_attribute(side) for side in ("x", "y", "width", "height")}
    assert panel.locator("canvas").evaluate(_DARKEST, box) < 100


@pytest.mark.parametrize(
    ("question", "source", "holds"),
    [
        ("员工每年有多少天年假？", papers.LEAVE_CHINESE, "15"),
        ("父母可以休多少周的育儿假？", papers.LEAVE, "16"),
        ("How many days of paid annual leave do employees have?", papers.LEAVE_CHINESE, "15"),
    ],
)
def test_a_citation_opens_the_text_at_the_passage(
    server: Server, library: Library, desk: Desk, question: str, source: str, holds: str
) -> None:
    desk.ask_in(library.collection)
    with desk.page.expect_response("**/v1/answers") as response:
        turn = desk.ask(question)
    assert response.value.headers["content-type"].startswith("text/event-stream")
    panel = open_citation(desk, turn, source, holds)
    expect(panel.get_by_test_id("highlight").first).to_be_in_viewport()
    marked = "".join(panel.get_by_test_id("highlight").all_text_contents())
    assert holds in marked
    quotes = turn.get_by_test_id("source").locator("q").all_text_contents()
    assert re.sub(r"\s", "", marked) in {re.sub(r"\s", "", quote) for quote in quotes}
    desk.page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(turn.locator("[data-testid=citation]:focus")).to_have_count(1)


@pytest.mark.parametrize("question", ["Which planet has the most moons?", "怎样种植西红柿？"])
def test_what_no_document_holds_is_refused(library: Library, desk: Desk, question: str) -> None:
    desk.ask_in(library.collection)
    turn = desk.ask(question)
    expect(turn.get_by_test_id("refused")).to_contain_text(desk.words.refused)
    expect(turn.get_by_test_id("citation")).to_have_count(0)


def test_after_a_refusal_the_nearest_passages_are_shown_and_open(
    library: Library, desk: Desk
) -> None:
    desk.ask_in(library.collection)
    turn = desk.ask("How many moons does the hotel own?")
    expect(turn.get_by_test_id("refused")).to_be_visible()
    with desk.page.expect_request("**/v1/search") as asked:
        turn.get_by_test_id("show-nearest").click()
    assert asked.value.post_data_json["collections"] == [library.collection]
    nearest = turn.get_by_test_id("nearest").get_by_test_id("hit").first.get_by_role("button")
    name = nearest.inner_text()
    nearest.click()
    panel = desk.page.get_by_test_id("source-panel")
    expect(panel.get_by_role("heading", level=2)).to_have_text(name)


def test_a_conversation_goes_on_and_is_found_again(library: Library, desk: Desk) -> None:
    desk.ask_in(library.collection)
    desk.ask(HOTEL)
    expect(desk.page).to_have_url(re.compile(r"#/ask/[0-9a-f]{32}$"))
    address = desk.page.url
    follow_up = desk.ask("And within how many days must receipts be handed in?")
    expect(follow_up.get_by_test_id("answer")).to_contain_text("30")
    assert desk.page.url == address
    desk.page.get_by_test_id("new-conversation").click()
    expect(desk.page.get_by_test_id("turn")).to_have_count(0)
    desk.page.get_by_test_id("conversations").get_by_role("link").first.click()
    expect(desk.page.get_by_test_id("turn")).to_have_count(2)
    desk.page.reload()
    expect(desk.page.get_by_test_id("turn")).to_have_count(2)
    expect(desk.page.get_by_test_id("turn").last).to_contain_text("30 days")  # the quote says so


def test_an_answer_can_be_stopped_and_asked_again(library: Library, desk: Desk) -> None:
    desk.ask_in(library.collection)
    # From afar: next door, a short answer may be there before anybody can stop it.
    with desk.distant_server():
        turn = desk.send(HOTEL)
        desk.page.get_by_test_id("stop").click()
        expect(turn).to_have_attribute("data-state", "stopped")
    expect(turn).to_contain_text(desk.words.stopped)
    expect(turn.get_by_test_id("thumbs")).to_have_count(0)
    turn.get_by_test_id("ask-again").click()
    again = desk.page.get_by_test_id("turn").last
    expect(again).to_have_attribute("data-state", "done", timeout=ANSWER_MS)
    expect(again.get_by_test_id("answer")).to_contain_text("120")
