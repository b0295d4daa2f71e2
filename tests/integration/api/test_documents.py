"""Documents over HTTP, against a running server with its worker."""

from typing import Any

import httpx
import pytest

HANDBOOK = """# Employee handbook

## Annual leave

New employees receive 25 days of paid annual leave in their first year.

## Travel

Flights need the approval of the head of department.
"""


def test_an_upload_becomes_ready_with_its_text(
    server: Any, admin: httpx.Client, collection: str
) -> None:
    answer = server.upload(admin, collection, "handbook.md", HANDBOOK.encode())
    assert answer.status_code == 202
    uploaded = answer.json()
    assert (uploaded["status"], uploaded["stage"], uploaded["progress"]) == ("queued", "queued", 0)
    document = server.wait_for(admin, uploaded["id"])
    assert (document["status"], document["progress"]) == ("ready", 100)
    assert document["chunk_count"] > 0
    assert document["language"] == "en"
    text = admin.get(f"/v1/documents/{document['id']}/text").json()
    headings = [block["text"] for block in text["blocks"] if block["kind"] == "heading"]
    assert headings == ["Employee handbook", "Annual leave", "Travel"]


def test_the_same_bytes_are_recognised(server: Any, admin: httpx.Client, collection: str) -> None:
    first = server.upload(admin, collection, "one.txt", HANDBOOK.encode()).json()
    again = server.upload(admin, collection, "two.txt", HANDBOOK.encode())
    assert again.status_code == 200
    assert again.json()["id"] == first["id"]
    assert again.json()["duplicate"] is True
    listed = admin.get("/v1/documents", params={"collection": collection}).json()
    assert listed["total"] == 1


def test_a_collection_is_found_by_its_name(server: Any, admin: httpx.Client) -> None:
    created = admin.post("/v1/collections", json={"name": "合同 2026"}).json()
    uploaded = server.upload(admin, "合同 2026", "a.txt", "付款期限为三十日。".encode()).json()
    assert uploaded["collection_id"] == created["id"]


def test_the_original_comes_back_whole_and_in_parts(
    server: Any, admin: httpx.Client, collection: str
) -> None:
    content = b"plain text " * 20_000
    document = server.upload(admin, collection, "多.txt", content).json()
    path = f"/v1/documents/{document['id']}/content"
    whole = admin.get(path)
    assert whole.content == content
    assert "filename*=UTF-8''%E5%A4%9A.txt" in whole.headers["content-disposition"]
    part = admin.get(path, headers={"Range": "bytes=70000-70009"})
    assert part.status_code == 206
    assert part.content == content[70000:70010]
    assert part.headers["content-range"] == f"bytes 70000-70009/{len(content)}"
    last = admin.get(path, headers={"Range": "bytes=-5"})
    assert last.content == content[-5:]
    beyond = admin.get(path, headers={"Range": f"bytes={len(content)}-"})
    assert beyond.status_code == 416


def test_lists_are_paged(server: Any, admin: httpx.Client, collection: str) -> None:
    for number in range(5):
        server.upload(admin, collection, f"{number}.txt", f"text number {number}".encode())
    seen: list[str] = []
    cursor = None
    while True:
        query = {"collection": collection, "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = admin.get("/v1/documents", params=query).raise_for_status().json()
        assert page["total"] == 5
        seen += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["4.txt", "3.txt", "2.txt", "1.txt", "0.txt"]


def test_a_deleted_document_answers_nothing(
    server: Any, admin: httpx.Client, collection: str
) -> None:
    word = "quetzalcoatlus"
    document = server.ready(admin, collection, "bird.txt", f"The {word} flew over Texas.")
    query = {"query": word, "collections": [collection]}
    assert admin.post("/v1/search", json=query).json()["hits"]
    assert admin.delete(f"/v1/documents/{document}").status_code == 204
    assert admin.post("/v1/search", json=query).json()["hits"] == []
    assert admin.get(f"/v1/documents/{document}").status_code == 404
    assert admin.get(f"/v1/documents/{document}/content").status_code == 404
    assert not [file for file in (server.data / "blobs").rglob(f"{document}*") if file.is_file()]


def test_a_failed_document_says_why_and_can_be_tried_again(
    server: Any, admin: httpx.Client, collection: str
) -> None:
    broken = b"%PDF-1.4\n" + b"x" * 2000
    document = server.upload(admin, collection, "broken.pdf", broken).json()
    failed = server.wait_for(admin, document["id"])
    assert failed["status"] == "failed"
    assert failed["error"]["code"] == "document_damaged"
    assert "fresh copy" in failed["error"]["detail"]
    again = admin.post(f"/v1/documents/{document['id']}/retry")
    assert again.status_code == 202
    assert again.json()["error"] is None
    assert server.wait_for(admin, document["id"])["status"] == "failed"


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("empty.txt", b"", 422, "file_empty"),
        ("program.exe", b"MZ" + bytes(range(256)) * 20, 415, "unsupported_type"),
        ("archive.zip", b"PK\x05\x06" + b"\0" * 18, 415, "unsupported_type"),
    ],
)
def test_a_bad_file_is_refused_in_words(
    server: Any,
    admin: httpx.Client,
    collection: str,
    name: str,
    content: bytes,
    status: int,
    code: str,
) -> None:
    answer = server.upload(admin, collection, name, content)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert len(answer.json()["detail"]) > 20
    listed = admin.get("/v1/documents", params={"collection": collection}).json()
    assert listed["total"] == 0


def test_a_name_cannot_leave_its_folder(server: Any, admin: httpx.Client, collection: str) -> None:
    answer = server.upload(admin, collection, "../../etc/passwd.txt", b"harmless text")
    assert answer.json()["name"] == "passwd.txt"


def test_an_unknown_collection_is_not_found(server: Any, admin: httpx.Client) -> None:
    answer = server.upload(admin, "no such collection", "a.txt", b"text")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_an_incomplete_form_says_what_is_missing(admin: httpx.Client) -> None:
    answer = admin.post("/v1/documents", files={"file": ("a.txt", b"text")})
    assert (answer.status_code, answer.json()["code"]) == (422, "upload_incomplete")
    answer = admin.post("/v1/documents", content=b"no form at all")
    assert (answer.status_code, answer.json()["code"]) == (422, "upload_incomplete")


def test_a_stranger_cannot_upload(server: Any, collection: str) -> None:
    answer = server.upload(server.browser(), collection, "a.txt", b"text")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
