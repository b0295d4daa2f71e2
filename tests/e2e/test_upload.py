"""Point 2: twenty files at once, each followed until it is ready or says why not."""

import re

from playwright.sync_api import expect

from tests.e2e import papers
from tests.e2e.conftest import Library
from tests.e2e.desk import DOCUMENTS_MS, Desk


def test_every_good_file_is_ready_and_the_broken_one_says_why(library: Library) -> None:
    last = {name: statuses[-1] for name, statuses in library.seen.items()}
    assert len(last) == 20
    reason = last.pop(papers.BROKEN)
    assert reason.startswith(library.words.failed)
    assert library.words.damaged in reason
    assert [
        name for name, status in last.items() if not status.startswith(library.words.ready)
    ] == []


def test_stages_and_percentages_were_shown(library: Library) -> None:
    shown = " ".join(status for statuses in library.seen.values() for status in statuses)
    waiting, *working = library.words.stages
    assert waiting in shown
    assert any(re.search(rf"{stage}\s+\d+\s*%", shown) for stage in working)


def test_a_failed_document_can_be_tried_again(library: Library, desk: Desk) -> None:
    desk.go(f"#/collections/{library.collection}")
    row = desk.document(papers.BROKEN)
    with desk.page.expect_response("**/retry") as retried:
        row.get_by_role("button", name=desk.words.retry.format(papers.BROKEN)).click()
    assert retried.value.status == 202
    expect(row).not_to_have_attribute("data-status", "failed")
    expect(row).to_have_attribute("data-status", "failed", timeout=DOCUMENTS_MS)
    expect(row).to_contain_text(desk.words.damaged)


def test_the_same_file_is_recognised(library: Library, desk: Desk, tmp_path) -> None:
    again = tmp_path / "again.txt"
    again.write_bytes(papers.DUBLIN_TEXT)
    desk.go(f"#/collections/{library.collection}")
    expect(desk.page.get_by_test_id("document")).to_have_count(20)
    desk.page.get_by_test_id("file-input").set_input_files(again)
    expect(desk.page.get_by_test_id("upload")).to_have_attribute("data-state", "duplicate")
    expect(desk.page.get_by_test_id("document")).to_have_count(20)
