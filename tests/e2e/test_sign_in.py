"""Signing in and out, with and without a mouse, and what the browser remembers."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.desk import ANSWER_MS, Desk
from tests.e2e.words import LANGUAGES
from tests.product import ADMIN_PASSWORD

both = pytest.mark.parametrize("language", list(LANGUAGES))


@both
def test_a_wrong_password_is_told_and_the_right_one_lets_in(
    window: Callable[..., Desk], language: str
) -> None:
    desk = window(language)
    desk.go("")
    desk.enter("admin", "not the password")
    expect(desk.page.get_by_test_id("sign-in-problem")).to_contain_text(desk.words.wrong_password)
    desk.page.get_by_label(desk.words.password).fill(ADMIN_PASSWORD)
    desk.page.get_by_role("button", name=desk.words.sign_in).click()
    expect(desk.page.get_by_test_id("question")).to_be_visible()
    desk.page.get_by_role("button", name=desk.words.sign_out).click()
    expect(desk.page.get_by_test_id("sign-in-form")).to_be_visible()
    desk.page.reload()
    expect(desk.page.get_by_test_id("sign-in-form")).to_be_visible()


@both
def test_the_keyboard_is_enough(window: Callable[..., Desk], language: str) -> None:
    page = (desk := window(language)).page
    desk.go("")
    expect(page.get_by_label(desk.words.user_name)).to_be_focused()
    page.keyboard.type("admin")
    page.keyboard.press("Tab")
    page.keyboard.type(ADMIN_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("question")).to_be_focused()
    page.keyboard.type("Which planet has the most moons?")
    page.keyboard.press("Shift+Enter")
    expect(page.get_by_test_id("turn")).to_have_count(0)
    page.keyboard.press("Enter")
    turn = page.get_by_test_id("turn")
    expect(turn).to_have_attribute("data-state", "done", timeout=ANSWER_MS)


def test_the_enter_that_chooses_a_word_sends_nothing(signed_in: Callable[..., Desk]) -> None:
    page = (desk := signed_in("zh")).page
    desk.go("")
    box = page.get_by_test_id("question")
    expect(box).to_be_focused()
    keyboard = page.context.new_cdp_session(page)
    typed = {"text": "西红柿", "selectionStart": 3, "selectionEnd": 3}
    keyboard.send("Input.imeSetComposition", typed)
    for kind in ("rawKeyDown", "keyUp"):  # what an input method lets the page see of the key
        enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
        keyboard.send("Input.dispatchKeyEvent", {"type": kind, **enter})
    expect(page.get_by_test_id("turn")).to_have_count(0)
    keyboard.send("Input.insertText", {"text": "西红柿"})
    expect(box).to_have_value("西红柿")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("turn")).to_have_count(1)


def test_language_and_colours_are_remembered(window: Callable[..., Desk]) -> None:
    page = (desk := window("en")).page
    desk.go("")
    background = _background(page)
    page.get_by_test_id("language-switch").click()
    page.get_by_test_id("theme-switch").click()  # from the system's to light
    page.get_by_test_id("theme-switch").click()
    for _ in range(2):
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(page.get_by_role("heading", level=1)).to_have_text(LANGUAGES["zh"].sign_in)
        assert _background(page) != background
        page.reload()


def _background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))
