"""Who can see a document, chosen by somebody who owns its collection and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.desk import ANSWER_MS, Desk
from tests.e2e.words import LANGUAGES
from tests.product import Server

PASSWORD = "a password for a guest"
TEXT = "The harvest of saffron in Taliouine begins in the last week of October."


@dataclass(frozen=True, slots=True)
class Archive:
    """A collection with one document; its owner, a reader of it, and somebody without a role."""

    collection: str
    document: str
    owner: str
    reader: str
    guest: str


@pytest.fixture(params=list(LANGUAGES))
def language(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def archive(server: Server) -> Archive:
    admin, key = server.signed_in(), uuid4().hex[:8]
    collection = admin.post("/v1/collections", json={"name": f"Archive {key}"}).json()["id"]
    document = f"saffron-{key}.txt"
    server.ready(admin, collection, document, TEXT)
    _person(admin, f"guest-{key}")
    for role in ("owner", "reader"):
        person = _person(admin, f"{role}-{key}")
        where = f"/v1/collections/{collection}/members/{person}"
        admin.put(where, json={"role": role}).raise_for_status()
    return Archive(collection, document, f"owner-{key}", f"reader-{key}", f"guest-{key}")


def _person(admin: httpx.Client, name: str) -> str:
    form = {"name": name, "password": PASSWORD, "role": None}
    return str(admin.post("/v1/users", json=form).raise_for_status().json()["id"])


def _finds(desk: Desk, document: str) -> bool:
    desk.go("#/search")
    desk.page.get_by_label(desk.words.search_for).fill("saffron harvest Taliouine")
    with desk.page.expect_response("**/v1/search", timeout=ANSWER_MS) as answer:
        form = desk.page.get_by_test_id("search-form")
        form.get_by_role("button", name=desk.words.search).click()
    return document in [hit["document_name"] for hit in answer.value.json()["hits"]]


def test_a_document_is_shared_with_a_guest_and_closed_to_a_reader(
    archive: Archive, language: str, signed_in: Callable[..., Desk]
) -> None:
    reader = signed_in(language, archive.reader, PASSWORD)
    guest = signed_in(language, archive.guest, PASSWORD)
    assert _finds(reader, archive.document)
    assert not _finds(guest, archive.document)

    owner = signed_in(language, archive.owner, PASSWORD)
    owner.go(f"#/collections/{archive.collection}")
    words = owner.words
    open_panel = owner.page.get_by_role("button", name=words.who_sees.format(archive.document))
    panel = owner.page.get_by_test_id("permissions")
    open_panel.click()
    owner.pick(panel.get_by_test_id("allow"), words.allow, archive.guest)
    owner.pick(panel.get_by_test_id("deny"), words.deny, archive.reader)
    panel.get_by_role("button", name=words.save).click()
    expect(panel).to_have_count(0)

    assert not _finds(reader, archive.document)
    assert _finds(guest, archive.document)
    guest.go("#/collections")
    expect(guest.page.get_by_test_id("shared")).to_contain_text(archive.document)
    reader.go(f"#/collections/{archive.collection}")
    expect(reader.page.get_by_test_id("documents-empty")).to_be_visible()

    open_panel.click()
    expect(panel.get_by_test_id("allow")).to_contain_text(archive.guest)
    expect(panel.get_by_test_id("deny")).to_contain_text(archive.reader)


def test_a_group_is_made_filled_and_given_access(
    archive: Archive, language: str, signed_in: Callable[..., Desk]
) -> None:
    desk, name = signed_in(language), f"Growers {uuid4().hex[:8]}"
    page, words = desk.page, desk.words
    desk.go("#/people")
    page.get_by_label(words.group_name).fill(name)
    page.get_by_role("button", name=words.create_group).click()
    page.get_by_role("button", name=words.members_of.format(name)).click()
    row = page.get_by_test_id("group").filter(has_text=name)
    desk.pick(row, words.add_to_group, archive.guest)
    expect(row.get_by_test_id("group-members").get_by_role("listitem")).to_have_text(archive.guest)

    desk.go(f"#/collections/{archive.collection}")
    members = page.get_by_test_id("members")
    members.locator("summary").click()
    desk.pick(members, words.give_access, name)
    expect(members.get_by_test_id("member").filter(has_text=name)).to_be_visible()
    guest = signed_in(language, archive.guest, PASSWORD)
    assert _finds(guest, archive.document)
