"""Point 2: twenty files at once, each followed until it is ready or says why not."""

import re
from pathlib import Path
from uuid import uuid4

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


def test_the_stage_and_the_percentage_of_a_long_document_are_shown(
    library: Library, desk: Desk, tmp_path: Path
) -> None:
    new = uuid4().hex  # what was embedded before would be done at once
    shelves = (f"Shelf {number} holds the files of customer {new}." for number in range(4000))
    (tmp_path / "shelves.txt").write_text("\n\n".join(shelves))
    desk.create_collection(f"Archive {new[:6]}")
    desk.drop([tmp_path / "shelves.txt"])
    row = desk.document("shelves.txt")
    _, *working = library.words.stages
    shown = re.compile(rf"(?:{'|'.join(working)})\s+\d+\s*%")
    expect(row).to_contain_text(shown, timeout=DOCUMENTS_MS)
    expect(row).to_have_attribute("data-status", "ready", timeout=DOCUMENTS_MS)


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
