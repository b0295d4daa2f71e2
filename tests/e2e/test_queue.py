"""The queue on its page: what failed and why, trying again, and taking a document out."""

from uuid import uuid4

from playwright.sync_api import expect

from tests.e2e import papers
from tests.e2e.conftest import Library
from tests.e2e.desk import Desk

# Far more than a worker embeds while somebody reaches for the button.
LONG = "\n\n".join(f"Paragraph {n} tells of matter {n}. " * 20 for n in range(4000))


def test_the_queue_says_what_failed_and_why(library: Library, desk: Desk) -> None:
    page = desk.page
    desk.go(f"#/collections/{library.collection}")
    page.get_by_role("link", name=desk.words.processing).click()
    failure = page.locator("[data-testid=queue-failure][data-code=document_damaged]")
    expect(failure).to_contain_text(desk.words.damaged)
    # The file itself is broken: nothing is gained by trying it again with all others.
    expect(failure.get_by_role("button")).to_have_count(0)
    page.get_by_role("radio", name=desk.words.failed).check()
    expect(desk.document(papers.BROKEN)).to_be_visible()
    expect(page.get_by_test_id("document")).to_have_count(1)


def test_what_waits_is_cancelled_and_put_back(library: Library, desk: Desk, tmp_path) -> None:
    page, name = desk.page, f"long-{uuid4().hex[:6]}.txt"
    file = tmp_path / name
    file.write_text(f"{uuid4().hex}\n\n{LONG}")
    collection = desk.create_collection(f"Queue 队列 {uuid4().hex[:6]}")
    page.get_by_test_id("file-input").set_input_files(file)
    cancel = page.get_by_role("button", name=desk.words.cancel_one.format(name))
    expect(cancel).to_be_visible()
    desk.go(f"#/queue/{collection}")
    cancel.click()
    expect(page.get_by_test_id("document")).to_have_count(0)
    failure = page.locator("[data-testid=queue-failure][data-code=cancelled]")
    failure.get_by_role("button").click()
    expect(page.get_by_test_id("queue-failure")).to_have_count(0)
    cancel.click()
    expect(failure).to_be_visible()
    desk.go(f"#/collections/{collection}")
    row = desk.document(name)
    expect(row).to_contain_text(desk.words.cancelled)
    row.get_by_role("button", name=desk.words.delete.format(name)).click()
    desk.confirm()
    expect(row).to_have_count(0)
