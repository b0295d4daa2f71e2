"""The page for auditors: found, filtered, verified, exported; unseen by everybody else."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.e2e.desk import Desk
from tests.product import ADMIN_PASSWORD, Server

PASSWORD = "a password for an auditor"


@pytest.fixture
def person(server: Server) -> Callable[[str], str]:
    """Add people with a tenant-wide role; return their names."""

    def add(role: str) -> str:
        name = f"{role}-{uuid4().hex[:8]}"
        form = {"name": name, "password": PASSWORD, "role": role}
        server.signed_in().post("/v1/users", json=form).raise_for_status()
        return name

    return add


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_auditor_finds_verifies_and_exports(
    language: str, signed_in: Callable[..., Desk], person: Callable[[str], str]
) -> None:
    reader = person("reader")
    desk = signed_in(language, person("auditor"), PASSWORD)
    desk.go("#/")
    desk.page.get_by_test_id("nav-audit").click()
    expect(desk.page.get_by_test_id("audit-entry").first).to_be_visible()
    filters = desk.page.get_by_test_id("audit-filters")
    filters.locator("input:not([type])").first.fill("user.create")
    filters.locator("button.primary").click()
    entries = desk.page.get_by_test_id("audit-entry")
    expect(entries.filter(has_text="session.start")).to_have_count(0)
    created = entries.filter(has_text=reader)
    expect(created).to_have_count(1)
    created.locator("summary").click()
    expect(created).to_contain_text(f'"name": "{reader}"')
    expect(created).to_contain_text('"class_uid": 6003')
    desk.page.get_by_test_id("audit-verify").click()
    expect(desk.page.get_by_test_id("audit-state").get_by_role("status")).to_be_visible()
    links = desk.page.get_by_test_id("audit-state").locator("a[download]")
    expect(links).to_have_count(3)
    with desk.page.expect_download() as download:
        links.nth(1).click()
    assert b'"operation":"user.create"' in download.value.path().read_bytes()


def test_nobody_else_sees_the_page(
    signed_in: Callable[..., Desk], person: Callable[[str], str]
) -> None:
    desk = signed_in("en", person("editor"), PASSWORD)
    desk.go("#/")
    expect(desk.page.get_by_test_id("nav-settings")).to_be_visible()
    expect(desk.page.get_by_test_id("nav-audit")).to_have_count(0)
    admin = signed_in("en", "admin", ADMIN_PASSWORD)
    admin.go("#/audit")
    expect(admin.page.get_by_test_id("audit-state")).to_be_visible()
