"""What holds on every page: it can be used without a mouse or eyes, and on a telephone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import papers
from tests.e2e.conftest import Library
from tests.e2e.desk import Desk

ROUTES = [
    "#/ask",
    "#/search",
    "#/collections",
    "#/collections/{}",
    "#/queue",
    "#/people",
    "#/evaluations",
    "#/settings",
]
TELEPHONE = {"viewport": {"width": 390, "height": 844}}

# Controls that a screen reader could not name, and headings and pictures that are not as they must.
_NAMELESS = """() => {
  const named = one => one.labels?.length || one.textContent.trim() || one.title
    || one.getAttribute('aria-label') || one.getAttribute('aria-labelledby')
  const controls = [...document.querySelectorAll('input, select, textarea, button, a[href]')]
  const shown = controls.filter(one => one.checkVisibility() && !one.closest('[inert]'))
  const ids = [...document.querySelectorAll('[id]')].map(one => one.id)
  return [
    ...shown.filter(one => !named(one)).map(one => one.outerHTML.slice(0, 120)),
    ...[...document.querySelectorAll('img:not([alt])')].map(one => one.outerHTML),
    ...ids.filter((id, index) => ids.indexOf(id) !== index),
  ]
}"""
# After the last control the focus leaves the page; the question's own ring is its card's border.
_WITHOUT_FOCUS_RING = """() => {
  const one = document.activeElement
  const style = getComputedStyle(one)
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
  return ring || one.matches('body, [data-testid=question]') ? '' : one.outerHTML.slice(0, 120)
}"""
_TOO_WIDE = """() => [document.scrollingElement, ...document.querySelectorAll('main, aside')]
  .filter(one => one.scrollWidth > one.clientWidth)
  .map(one => `${one.tagName}: ${one.scrollWidth} > ${one.clientWidth}`)"""


def open_route(desk: Desk, route: str, collection: str) -> Page:
    desk.go(route.format(collection))
    expect(desk.page.get_by_role("heading", level=1)).to_have_count(1)
    expect(desk.page.locator(".late")).to_have_count(0)
    return desk.page


@pytest.mark.parametrize("route", ROUTES)
def test_everything_has_a_name_and_shows_the_focus(
    library: Library, desk: Desk, route: str
) -> None:
    page = open_route(desk, route, library.collection)
    assert page.locator("html").get_attribute("lang") == desk.words.locale.removesuffix("-GB")
    assert page.evaluate(_NAMELESS) == []
    page.evaluate("document.activeElement.blur()")
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(_WITHOUT_FOCUS_RING) == ""


@pytest.mark.parametrize("route", ROUTES)
def test_no_page_is_wider_than_a_telephone(
    library: Library, signed_in: Callable[..., Desk], route: str
) -> None:
    desk = signed_in(library.language, **TELEPHONE)
    page = open_route(desk, route, library.collection)
    assert page.evaluate(_TOO_WIDE) == []


@pytest.mark.parametrize("name", [papers.TRAVEL, papers.LEAVE_CHINESE])
def test_a_source_fits_a_telephone(
    library: Library, signed_in: Callable[..., Desk], name: str
) -> None:
    desk = signed_in(library.language, **TELEPHONE)
    page = open_route(desk, "#/collections/{}", library.collection)
    desk.document(name).get_by_role("button", name=name, exact=True).click()
    panel: Any = page.get_by_test_id("source-panel")
    expect(
        panel.locator("[data-testid=pdf-page][data-page='1'], [data-testid=text-source] p").first
    ).to_be_visible()
    assert page.evaluate(_TOO_WIDE) == []
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_the_reference_shows_every_operation(window: Callable[..., Desk]) -> None:
    page = (desk := window("en")).page
    desk.go("docs")
    described = page.request.get("/openapi.json").json()["paths"]
    operations = sum(len(methods) for methods in described.values())
    expect(page.get_by_test_id("route")).to_have_count(operations)
    ask = page.get_by_test_id("route").filter(has_text="/v1/answers").first
    ask.locator("summary").click()
    expect(ask).to_contain_text("question")
    assert page.evaluate(_NAMELESS) == []
