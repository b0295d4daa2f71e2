"""A real browser on the running product; nothing the browser complains of is let pass."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.e2e import papers
from tests.e2e.desk import DOCUMENTS_MS, Desk
from tests.e2e.words import LANGUAGES, Words
from tests.product import ADMIN_PASSWORD, Server

expect.set_options(timeout=30_000)
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Every text that the status of a document ever shows, under the document's name.
_WATCH_STATUSES = """() => {
  window.seen = {}
  const look = () => {
    for (const row of document.querySelectorAll('[data-testid=document]')) {
      const text = row.querySelector('[data-testid=document-status]').textContent.trim()
      const seen = (window.seen[row.dataset.name] ??= [])
      if (!seen.includes(text)) seen.push(text)
    }
  }
  new MutationObserver(look).observe(document.body, {
    subtree: true, childList: true, characterData: true,
  })
}"""


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start the system's own browser, which fetches nothing by itself."""
    return {"executable_path": "/usr/bin/chromium", "args": CHROMIUM_OPTIONS}


@dataclass
class Complaints:
    """What the browser reports: errors of scripts, refused resources, broken policies."""

    found: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(str(error)))

    def _console(self, message: ConsoleMessage) -> None:
        # Before the sign-in, and for a wrong password, the answer to "who am I" is 401.
        asked_who = message.location["url"].endswith("/v1/session") and "401" in message.text
        if message.type == "error" and not asked_who:
            self.found.append(f"{message.text} ({message.location['url']})")


@contextmanager
def open_window(
    browser: Browser, server: Server, language: str, **options: Any
) -> Iterator[tuple[Desk, Complaints]]:
    """Open a browser window with cookies and memory of its own."""
    words = LANGUAGES[language]
    context = browser.new_context(base_url=f"{server.url}/", locale=words.locale, **options)
    complaints = Complaints()
    context.on("page", complaints.watch)
    try:
        yield Desk(context.new_page(), words), complaints
    finally:
        context.close()


@pytest.fixture
def window(
    browser: Browser, server: Server, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., Desk]]:
    """Open windows; a failed test leaves a picture of each, and complaints fail the test."""
    opened: list[tuple[Any, Desk, Complaints]] = []

    def open_one(language: str, **options: Any) -> Desk:
        manager = open_window(browser, server, language, **options)
        desk, complaints = manager.__enter__()
        opened.append((manager, desk, complaints))
        return desk

    yield open_one
    failed = getattr(request.node, "rep_call", None) is None or request.node.rep_call.failed
    for number, (manager, desk, _) in enumerate(opened):
        if failed:
            desk.page.screenshot(path=tmp_path / f"window-{number}.png")
        manager.__exit__(None, None, None)
    assert [one for _, _, complaints in opened for one in complaints.found] == []


@pytest.fixture
def signed_in(server: Server, window: Callable[..., Desk]) -> Callable[..., Desk]:
    """Open windows of people who have signed in already."""

    def open_signed_in(
        language: str, name: str = "admin", password: str = ADMIN_PASSWORD, **options: Any
    ) -> Desk:
        desk = window(language, **options)
        form = {"name": name, "password": password}
        headers = {"Origin": server.url}
        answer = desk.page.request.post("/v1/session", data=form, headers=headers)
        expect(answer).to_be_ok()
        return desk

    return open_signed_in


@dataclass(frozen=True, slots=True)
class Library:
    """A collection into which all papers were dropped through the page."""

    language: str
    words: Words
    collection: str
    name: str
    seen: dict[str, list[str]]
    """Every status that was shown for a document, by its name."""


@pytest.fixture(scope="session", params=list(LANGUAGES))
def library(
    request: pytest.FixtureRequest,
    server: Server,
    browser: Browser,
    tmp_path_factory: pytest.TempPathFactory,
) -> Library:
    """Sign in, create a collection, drop twenty files at once and wait until all are done."""
    language: str = request.param
    files = papers.write(tmp_path_factory.mktemp("papers"))
    with open_window(browser, server, language) as (desk, complaints):
        desk.sign_in("admin", ADMIN_PASSWORD)
        name = f"Company 公司 {uuid4().hex[:6]}"
        collection = desk.create_collection(name)
        desk.page.evaluate(_WATCH_STATUSES)
        desk.drop(files)
        rows = desk.page.get_by_test_id("document")
        expect(rows).to_have_count(len(files))
        done = desk.page.locator(
            "[data-testid=document]:is([data-status=ready],[data-status=failed])"
        )
        expect(done).to_have_count(len(files), timeout=DOCUMENTS_MS)
        seen = desk.page.evaluate("window.seen")
        assert complaints.found == []
    return Library(language, desk.words, collection, name, seen)


@pytest.fixture
def desk(library: Library, signed_in: Callable[..., Desk]) -> Desk:
    """Return a signed-in window in the language of the library."""
    return signed_in(library.language)
