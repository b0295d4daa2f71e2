"""Saying whether an answer helped, and what administrators see of it."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import Library
from tests.e2e.desk import Desk

HOTEL = "How much of the hotel costs is refunded per night?"


def test_a_vote_is_given_by_keyboard_kept_and_taken_back(library: Library, desk: Desk) -> None:
    page = desk.page
    desk.ask_in(library.collection)
    up = desk.ask(HOTEL).get_by_test_id("thumbUp")
    down = page.get_by_test_id("thumbDown")
    expect(up).to_have_attribute("aria-pressed", "false")
    with page.expect_response(re.compile("/feedback$")):
        up.press("Enter")
    expect(up).to_have_attribute("aria-pressed", "true")
    desk.go("#/evaluations")
    arm = page.get_by_test_id("arm")
    expect(arm).to_have_count(1)
    expect(arm).to_contain_text("100.0 %")
    desk.go("#/ask")
    page.reload()
    page.get_by_test_id("conversations").get_by_role("link").first.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    with page.expect_response(re.compile("/feedback$")):
        down.click()
    expect(up).to_have_attribute("aria-pressed", "false")
    expect(down).to_have_attribute("aria-pressed", "true")
    with page.expect_response(re.compile("/feedback$")):
        down.press("Space")
    expect(down).to_have_attribute("aria-pressed", "false")
    desk.go("#/evaluations")
    expect(arm).not_to_contain_text("100.0 %")
