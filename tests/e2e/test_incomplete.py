"""A document of which something was not read says so, in both languages, and can be read again."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.desk import DOCUMENTS_MS, Desk
from tests.product import Server

SAYS = {
    "en": (r"^1 attachment not read as a whole: damaged\.", "Read again"),
    "zh": (r"^1 个附件未完整读取：文件已损坏。", "重新读取"),
}


@dataclass(frozen=True)
class Offer:
    """A message whose attachment is damaged, alone in its collection."""

    client: httpx.Client
    collection: str
    document: str


@pytest.fixture(scope="module")
def offer(server: Server) -> Offer:
    """Upload it."""
    client = server.signed_in()
    made = client.post("/v1/collections", json={"name": "Half read"}).raise_for_status()
    key: str = made.json()["id"]
    message = EmailMessage()
    message["Subject"] = "Offer"
    message.set_content("The offer is attached.")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="a.pdf")
    sent = server.upload(client, key, "offer.eml", message.as_bytes()).raise_for_status()
    assert server.wait_for(client, sent.json()["id"])["status"] == "ready"
    return Offer(client, key, sent.json()["id"])


@pytest.mark.parametrize("language", SAYS)
def test_what_was_not_read_is_named_and_can_be_tried_again(
    server: Server, offer: Offer, signed_in: Callable[..., Desk], language: str
) -> None:
    says, again = SAYS[language]
    desk = signed_in(language)
    desk.go(f"#/collections/{offer.collection}")
    row = desk.document("offer.eml")
    expect(row.get_by_test_id("omissions")).to_have_text(re.compile(says))
    row.get_by_role("button", name="offer.eml", exact=True).click()
    panel = desk.page.get_by_test_id("source-panel")
    expect(panel.get_by_test_id("omissions")).to_have_text(re.compile(says))
    desk.page.keyboard.press("Escape")
    with desk.page.expect_response(lambda one: one.url.endswith("/retry")) as retried:
        row.get_by_text(again).click()
    assert retried.value.status == 202
    assert server.wait_for(offer.client, offer.document)["status"] == "ready"
    expect(row.get_by_test_id("omissions")).to_be_visible(timeout=DOCUMENTS_MS)
