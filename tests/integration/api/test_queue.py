"""The queue over HTTP and from a terminal: counted, cancelled and tried again."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

# Far more than a worker embeds before the next request comes.
LONG = "\n\n".join(f"Paragraph {n} {uuid4().hex} tells of matter {n}." * 20 for n in range(3000))
BROKEN = b"%PDF-1.7\nnot a document"


@pytest.fixture
def shelf(admin: httpx.Client) -> str:
    made = admin.post("/v1/collections", json={"name": f"c {uuid4().hex}"})
    return str(made.raise_for_status().json()["id"])


def _queue(client: httpx.Client, collection: str) -> dict[str, Any]:
    answer = client.get("/v1/queue", params={"collection": collection}).raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def test_work_is_cancelled_and_tried_again(server: Any, admin: httpx.Client, shelf: str) -> None:
    document = server.upload(admin, shelf, "long.txt", LONG.encode()).json()["id"]
    queue = _queue(admin, shelf)
    assert queue["waiting"] + sum(queue["running"].values()) == 1
    ended = admin.post(f"/v1/documents/{document}/cancel").raise_for_status().json()
    assert (ended["status"], ended["error"]["code"]) == ("failed", "cancelled")
    again = admin.post(f"/v1/documents/{document}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "cancel_refused")
    queue = _queue(admin, shelf)
    assert (queue["waiting"], queue["cancelled"], queue["dead_letters"]) == (0, 1, 0)
    wanted = {"collection": shelf, "code": "cancelled"}
    retried = admin.post("/v1/queue/retry", json=wanted).raise_for_status().json()
    assert retried == {"retried": 1, "remaining": 0}
    assert admin.get(f"/v1/documents/{document}").json()["status"] in {"queued", "processing"}
    admin.post(f"/v1/documents/{document}/cancel").raise_for_status()


def test_failures_are_grouped_and_listed(server: Any, admin: httpx.Client, shelf: str) -> None:
    broken = server.upload(admin, shelf, "broken.pdf", BROKEN)
    assert broken.status_code == 202
    assert server.wait_for(admin, broken.json()["id"])["status"] == "failed"
    (failure,) = _queue(admin, shelf)["failures"]
    assert (failure["code"], failure["count"]) == ("document_damaged", 1)
    listed = {"collection": shelf, "status": ["failed"], "error": "document_damaged"}
    page = admin.get("/v1/documents", params=listed).raise_for_status().json()
    assert [item["id"] for item in page["items"]] == [broken.json()["id"]]
    listed["error"] = "no_text"
    assert admin.get("/v1/documents", params=listed).json()["total"] == 0
    dead = admin.post("/v1/queue/retry", json={"collection": shelf}).raise_for_status()
    assert dead.json() == {"retried": 0, "remaining": 0}


def test_readers_see_the_queue_and_change_nothing(
    server: Any, admin: httpx.Client, shelf: str
) -> None:
    name = f"p-{uuid4().hex}"
    person = {"name": name, "password": "a long password", "role": None}
    user = admin.post("/v1/users", json=person).raise_for_status().json()["id"]
    document = server.upload(admin, shelf, "long.txt", (LONG + "!").encode()).json()["id"]
    reader = server.signed_in(name, "a long password")
    assert reader.get("/v1/queue", params={"collection": shelf}).status_code == 404
    assert reader.get("/v1/queue").json()["waiting"] == 0
    assert reader.post(f"/v1/documents/{document}/cancel").status_code == 404
    member = f"/v1/collections/{shelf}/members/{user}"
    admin.put(member, json={"role": "reader"}).raise_for_status()
    queue = _queue(reader, shelf)
    assert queue["waiting"] + sum(queue["running"].values()) == 1
    assert reader.post(f"/v1/documents/{document}/cancel").status_code == 403
    assert reader.post("/v1/queue/retry", json={"collection": shelf}).status_code == 403
    admin.post(f"/v1/documents/{document}/cancel").raise_for_status()
