"""Narrowing searches and questions to documents of a kind, and the tags that help with it."""

import json
from typing import Any

from playwright.sync_api import Locator, expect

from tests.e2e import papers
from tests.e2e.conftest import Library
from tests.e2e.desk import Desk

ENOUGH: dict[str, Any] = {
    "content_type": "text/event-stream",
    "body": 'event: error\ndata: {"status": 500, "code": "x", "detail": "Enough."}\n\n',
}


def tag(desk: Desk, document: str, tags: str) -> None:
    """Write tags into the dialog of a document's row."""
    row = desk.document(document)
    row.get_by_role("button", name=desk.words.tags_of.format(document)).click()
    dialog = desk.page.get_by_test_id("tags-dialog")
    dialog.get_by_role("textbox").fill(tags)
    dialog.get_by_role("button", name=desk.words.save, exact=True).click()
    expect(dialog).to_have_count(0)


def choose(desk: Desk, region: Locator, label: str, value: str) -> None:
    """Open one of the filters, tick a value, and close it again."""
    region.locator("details").filter(has_text=label).locator("summary").click()
    region.get_by_role("checkbox", name=value).check()
    desk.page.keyboard.press("Escape")


def test_tags_are_set_counted_and_searched_for(library: Library, desk: Desk) -> None:
    page, mine = desk.page, f"tag {library.collection[:8]}"
    desk.go(f"#/collections/{library.collection}")
    tag(desk, papers.LEAVE, f"{mine}， HR")
    row = desk.document(papers.LEAVE)
    expect(row.get_by_test_id("document-tags")).to_have_text(f"HR · {mine}")
    desk.go("#/search")
    page.get_by_label(desk.words.search_for).fill("leave 假期")
    page.get_by_role("button", name=desk.words.search, exact=True).click()
    hits = page.get_by_test_id("hit")
    expect(hits.filter(has_text=papers.LEAVE_CHINESE).first).to_be_visible()
    filters = page.get_by_test_id("search-form")
    choose(desk, filters, desk.words.tag, mine)
    expect(hits.filter(has_not_text=papers.LEAVE)).to_have_count(0)
    expect(hits.first).to_contain_text(papers.LEAVE)
    page.get_by_role("button", name=desk.words.clear_filters).click()
    expect(hits.filter(has_text=papers.LEAVE_CHINESE).first).to_be_visible()
    desk.go(f"#/collections/{library.collection}")
    tag(desk, papers.LEAVE, "")
    expect(row.get_by_test_id("document-tags")).to_have_count(0)


def test_a_question_carries_its_filters(library: Library, desk: Desk) -> None:
    page = desk.page
    # No model needs to answer; and a request that failed would be a complaint of the browser.
    page.route("**/v1/answers", lambda route: route.fulfill(**ENOUGH))
    desk.ask_in(library.collection)
    page.get_by_test_id("show-filters").click()
    filters = page.get_by_test_id("ask-filters")
    choose(desk, filters, desk.words.type, "PDF")
    filters.get_by_test_id("date-filter").locator("summary").click()
    filters.get_by_label(desk.words.date_from).fill("2020-02-03")
    filters.get_by_label(desk.words.date_from).press("Tab")
    page.keyboard.press("Escape")
    page.get_by_test_id("show-filters").click()
    expect(filters).to_have_count(0)
    expect(page.get_by_test_id("show-filters")).to_contain_text("2")
    with page.expect_request("**/v1/answers") as asked:
        desk.send("How much is refunded?")
    body = json.loads(asked.value.post_data or "")
    assert body["filters"] == {"types": ["pdf"], "dated_from": "2020-02-03"}
