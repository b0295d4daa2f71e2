"""Who may see what: people, the members of a collection, and tokens for programs."""

import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e import papers
from tests.e2e.conftest import Library
from tests.e2e.desk import ANSWER_MS, Desk
from tests.product import Server

PASSWORD = "a password for a reader"


@pytest.fixture
def reader(library: Library, desk: Desk) -> str:
    """Add a person without a role and let them read one collection; return their name."""
    name, words = f"reader-{uuid4().hex[:8]}", desk.words
    desk.go("#/people")
    form = desk.page.get_by_test_id("user-form")
    form.get_by_label(words.user_name).fill(name)
    form.get_by_label(words.first_password).fill(PASSWORD)
    form.get_by_role("combobox").select_option("")
    form.get_by_role("button", name=words.add_person).click()
    expect(desk.page.get_by_test_id("user").filter(has_text=name)).to_be_visible()

    desk.go(f"#/collections/{library.collection}")
    members = desk.page.get_by_test_id("members")
    members.locator("summary").click()
    desk.pick(members, words.give_access, name)
    expect(members.get_by_role("listitem").filter(has_text=name)).to_be_visible()
    return name


def test_a_reader_sees_only_what_was_shared(
    library: Library, window: Callable[..., Desk], desk: Desk, reader: str
) -> None:
    desk.create_collection(f"Secret {reader}")
    theirs = window(library.language)
    theirs.sign_in(reader, PASSWORD)
    page = theirs.page
    expect(page.get_by_test_id("nav-settings")).to_be_visible()
    expect(page.get_by_test_id("nav-people")).to_have_count(0)
    theirs.go("#/collections")
    expect(page.get_by_test_id("collection")).to_have_count(1)
    expect(page.get_by_test_id("create-collection")).to_have_count(0)
    page.get_by_role("link", name=library.name).click()
    expect(page.get_by_test_id("document")).to_have_count(20)
    expect(page.get_by_test_id("drop-zone")).to_have_count(0)
    expect(
        page.get_by_role("button", name=theirs.words.delete.format(papers.DUBLIN))
    ).to_have_count(0)


def test_a_right_that_is_taken_away_is_gone_at_once(
    library: Library, signed_in: Callable[..., Desk], desk: Desk, reader: str
) -> None:
    theirs = signed_in(library.language, reader, PASSWORD)
    theirs.go("#/collections")
    expect(theirs.page.get_by_test_id("collection")).to_have_count(1)
    members = desk.page.get_by_test_id("members")
    members.get_by_role("listitem").filter(has_text=reader).get_by_role("button").click()
    expect(members.get_by_role("listitem").filter(has_text=reader)).to_have_count(0)
    theirs.page.reload()
    expect(theirs.page.get_by_test_id("collections-empty")).to_be_visible()


def test_what_is_known_of_a_person_is_handed_out_and_erased(desk: Desk, reader: str) -> None:
    desk.go("#/people")
    page, words = desk.page, desk.words
    row = page.get_by_test_id("user").filter(has_text=reader)
    with page.expect_download() as handed_out:
        row.get_by_label(words.export_person.format(reader)).click()
    exported = json.loads(Path(handed_out.value.path()).read_text())
    assert exported["rows"]["users"][0]["name"] == reader
    row.get_by_label(words.erase_person.format(reader)).click()
    desk.confirm()
    expect(row).to_have_count(0)
    expect(page.get_by_text(reader)).to_have_count(1)  # the notice
    erasures = page.request.get("/v1/erasures").json()["items"]
    assert exported["person"] in {receipt["target"] for receipt in erasures}


def test_search_finds_passages_and_opens_them(library: Library, desk: Desk) -> None:
    desk.go("#/search")
    page = desk.page
    page.get_by_label(desk.words.search_for).fill("数据中心 海水冷却 Dublin")
    page.get_by_test_id("search-form").get_by_role("button", name=desk.words.search).click()
    hit = page.get_by_test_id("hit").first
    expect(hit).to_contain_text("cooled with sea water", timeout=ANSWER_MS)
    hit.get_by_role("button").first.click()  # the others open copies elsewhere
    expect(page.get_by_test_id("source-panel").get_by_test_id("highlight")).to_contain_text(
        "cooled with sea water"
    )


def test_a_token_is_shown_once_works_and_is_revoked(
    server: Server, library: Library, desk: Desk
) -> None:
    desk.go("#/settings")
    page, name = desk.page, f"script-{uuid4().hex[:8]}"
    page.get_by_label(desk.words.token_name).fill(name)
    page.get_by_role("button", name=desk.words.create_token).click()
    token = page.get_by_test_id("new-token").input_value()
    headers = {"Authorization": f"Bearer {token}"}
    collections = f"{server.url}/v1/collections"
    assert httpx.get(collections, headers=headers).is_success
    page.reload()
    row = page.get_by_test_id("token").filter(has_text=name)
    expect(row).to_be_visible()
    expect(page.get_by_test_id("new-token")).to_have_count(0)
    row.get_by_role("button", name=desk.words.revoke.format(name)).click()
    desk.confirm()
    expect(row).to_have_count(0)
    assert httpx.get(collections, headers=headers).status_code == 401


def test_a_program_gets_a_token_with_what_the_page_shows(desk: Desk, server: Server) -> None:
    name = f"job {uuid4().hex[:8]}"
    desk.go("#/people")
    form = desk.page.get_by_test_id("program-form")
    form.locator("input").fill(name)
    form.get_by_role("button").click()
    client_id = desk.page.get_by_test_id("client-id")
    expect(client_id).to_be_visible()
    pair = (client_id.input_value(), desk.page.get_by_test_id("client-secret").input_value())
    wanted = {"grant_type": "client_credentials"}
    assert httpx.post(f"{server.url}/oauth2/token", data=wanted, auth=pair).is_success
    row = desk.page.get_by_test_id("program").filter(has_text=name)
    row.get_by_role("button").last.click()
    desk.page.get_by_test_id("confirm").get_by_role("button").last.click()
    expect(row).to_have_count(0)
    assert httpx.post(f"{server.url}/oauth2/token", data=wanted, auth=pair).status_code == 401
