"""Point 5: what is deleted answers nothing from that moment."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Library
from tests.e2e.desk import DOCUMENTS_MS, Desk

NAME = "reykjavik.md"
FACTS = {
    "en": (
        "The Reykjavik warehouse stores 7350 pallets of salted cod.",
        "How many pallets of salted cod does the Reykjavik warehouse store?",
    ),
    "zh": (
        "雷克雅未克仓库存放着7350个托盘的咸鳕鱼。",
        "雷克雅未克仓库存放着多少个托盘的咸鳕鱼？",
    ),
}


@pytest.fixture
def collection(library: Library, desk: Desk, tmp_path: Path) -> str:
    """Create a collection in which one document holds the fact."""
    collection = desk.create_collection(f"Warehouse {tmp_path.name}")
    file = tmp_path / NAME
    file.write_text(FACTS[library.language][0], encoding="utf-8")
    desk.drop([file])
    expect(desk.document(NAME)).to_have_attribute("data-status", "ready", timeout=DOCUMENTS_MS)
    return collection


def test_a_deleted_document_is_gone_from_answers_old_and_new(
    library: Library, desk: Desk, collection: str
) -> None:
    _, question = FACTS[library.language]
    desk.ask_in(collection)
    answer = desk.ask(question).get_by_test_id("answer")
    expect(answer).to_contain_text("7350")
    expect(desk.page).to_have_url(re.compile(r"#/ask/[0-9a-f]{32}$"))
    old = desk.page.url

    desk.go(f"#/collections/{collection}")
    row = desk.document(NAME)
    row.get_by_role("button", name=desk.words.delete.format(NAME)).click()
    desk.confirm()
    expect(row).to_have_count(0)
    expect(desk.page.get_by_test_id("documents-empty")).to_be_visible()

    desk.go("#/ask")
    desk.page.reload()
    again = desk.ask(question)
    # Whether some other document seems to answer is not the matter here.
    expect(again).not_to_contain_text("7350")
    expect(again).not_to_contain_text(NAME)

    desk.page.goto(old)
    desk.page.reload()
    withheld = desk.page.get_by_test_id("turn")
    expect(withheld).to_have_attribute("data-state", "withheld")
    expect(withheld).to_contain_text(desk.words.withheld)
    expect(withheld).not_to_contain_text("pallets of salted cod.")
    expect(withheld.get_by_test_id("citation")).to_have_count(0)
