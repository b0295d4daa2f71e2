"""A person in front of the page: the handful of things that several tests do there."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from playwright.sync_api import Locator, Page, expect

from tests.e2e.words import Words

ANSWER_MS = 180_000
DOCUMENTS_MS = 300_000

_WITH_NUMBERS = """region => {
  const copy = region.cloneNode(true)
  for (const number of copy.querySelectorAll('[data-testid=citation]'))
    number.replaceWith(`[${number.dataset.number}]`)
  return copy.textContent.trim()
}"""


class Desk:
    """One browser window of one person, in one language of the interface."""

    def __init__(self, page: Page, words: Words) -> None:
        self.page = page
        self.words = words

    def go(self, route: str) -> None:
        """Open one of the page's own routes, such as `#/collections`."""
        self.page.goto(f"./{route}")

    def enter(self, name: str, password: str) -> None:
        """Fill the sign-in form and send it."""
        self.page.get_by_label(self.words.user_name).fill(name)
        self.page.get_by_label(self.words.password).fill(password)
        self.page.get_by_role("button", name=self.words.sign_in).click()

    def sign_in(self, name: str, password: str) -> None:
        """Sign in and wait for the question box."""
        self.go("")
        self.enter(name, password)
        expect(self.page.get_by_test_id("question")).to_be_visible()

    def create_collection(self, name: str) -> str:
        """Create a collection through its form; return its id."""
        self.go("#/collections")
        self.page.get_by_label(self.words.new_collection).fill(name)
        self.page.get_by_role("button", name=self.words.create).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(name)
        return self.page.url.rpartition("/")[2]

    def drop(self, files: Sequence[Path]) -> None:
        """Drag files from outside the browser and let them go over the page."""
        expect(self.page.get_by_test_id("drop-zone")).to_be_visible()
        box = self.page.get_by_test_id("drop-zone").bounding_box()
        assert box is not None
        data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        browser = self.page.context.new_cdp_session(self.page)
        for kind in ("dragEnter", "dragOver", "drop"):
            browser.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})

    def document(self, name: str) -> Locator:
        """Return the row of a document."""
        return self.page.locator(f'[data-testid=document][data-name="{name}"]')

    def ask_in(self, collection: str) -> None:
        """Start a conversation about one collection."""
        self.go(f"#/collections/{collection}")
        self.page.get_by_role("button", name=self.words.ask_collection).click()
        expect(self.page.get_by_test_id("question")).to_be_focused()

    def send(self, question: str) -> Locator:
        """Send a question; return the turn that begins to wait for its answer."""
        turns = self.page.get_by_test_id("turn")
        before = turns.count()
        self.page.get_by_test_id("question").fill(question)
        self.page.keyboard.press("Enter")
        expect(turns).to_have_count(before + 1)
        return turns.nth(before)

    @contextmanager
    def distant_server(self) -> Iterator[None]:
        """Let each answer of the server's take three seconds to come."""
        network = self.page.context.new_cdp_session(self.page)
        unlimited = {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
        network.send("Network.enable")
        network.send("Network.emulateNetworkConditions", unlimited | {"latency": 3_000})
        yield
        network.send("Network.emulateNetworkConditions", unlimited | {"latency": 0})
        network.detach()

    def ask(self, question: str) -> Locator:
        """Ask and wait for the whole answer; return its turn."""
        turn = self.send(question)
        expect(turn).to_have_attribute("data-state", "done", timeout=ANSWER_MS)
        return turn

    def pick(self, region: Locator, label: str, name: str) -> None:
        """Look somebody up by name in a box and choose them."""
        region.get_by_role("combobox", name=label).fill(name)
        region.get_by_role("option").filter(has_text=name).click()

    def confirm(self) -> None:
        """Agree to what the open dialog asks."""
        self.page.get_by_test_id("confirm-action").click()
        expect(self.page.get_by_test_id("confirm")).to_have_count(0)


def sentences(turn: Locator) -> list[str]:
    """Return the answer's sentences, each up to its number or to the end of the answer."""
    text = cast("str", turn.get_by_test_id("answer").evaluate(_WITH_NUMBERS))
    return [piece.strip() for piece in re.split(r"(?<=\])\s*(?!\[)", text) if piece.strip()]


def overlaps(one: Locator, other: Locator) -> bool:
    """Tell whether what two elements show lies on the same spot of the window."""
    a, b = one.bounding_box(), other.bounding_box()
    assert a is not None
    assert b is not None
    across = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
    down = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
    return across > 0 and down > min(a["height"], b["height"]) / 2
