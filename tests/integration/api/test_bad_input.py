"""Files and requests that are wrong: each ends in a clear message, and nothing is lost."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import httpx
import pypdf
import pytest

MIB = 1024 * 1024
WAIT_SECONDS_MAX = 60


def _docx() -> bytes:
    document = docx.Document()
    document.add_paragraph("A paragraph. " * 200)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _encrypted_pdf() -> bytes:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(200, 200)
    writer.encrypt("secret", algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def _pdf_without_pages() -> bytes:
    buffer = io.BytesIO()
    pypdf.PdfWriter().write(buffer)
    return buffer.getvalue()


def _zip_bomb() -> bytes:
    buffer = io.BytesIO(_docx())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/zeros.xml", bytes(300 * MIB))
    return buffer.getvalue()


def _outcome(server: Any, client: httpx.Client, answer: httpx.Response) -> tuple[str, str]:
    """Return code and words of what stopped a file, at its upload or at its processing."""
    if answer.is_error:
        return answer.json()["code"], answer.json()["detail"]
    document = server.wait_for(client, answer.json()["id"])
    assert document["status"] == "failed"
    assert document["error"]["retryable"] is False
    return document["error"]["code"], document["error"]["detail"]


@pytest.mark.parametrize(
    ("name", "content", "code", "advice"),
    [
        ("locked.pdf", _encrypted_pdf, "document_encrypted", "Remove the password"),
        ("cut.docx", lambda: _docx()[:-3000], "document_damaged", "fresh copy"),
        ("bomb.docx", _zip_bomb, "archive_refused", "fresh copy"),
        ("hollow.pdf", _pdf_without_pages, "document_without_pages", "Export it again"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(
    server: Any,
    admin: httpx.Client,
    collection: str,
    name: str,
    content: Any,
    code: str,
    advice: str,
) -> None:
    answer = server.upload(admin, collection, name, content())
    found, words = _outcome(server, admin, answer)
    assert (found, advice in words) == (code, True)
    assert name not in words
    assert server.ready(admin, collection, "sound.txt", "The next file is fine.")


def _connect(server: Any) -> socket.socket:
    url = httpx.URL(server.url)
    return socket.create_connection((url.host, url.port or 80), timeout=60)


def _head(server: Any, client: httpx.Client, length: int) -> bytes:
    """Return the head of an upload by hand, for bodies that no client library would send."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return (
        f"POST /v1/documents HTTP/1.1\r\nHost: {httpx.URL(server.url).netloc.decode()}\r\n"
        f"Origin: {server.url}\r\nCookie: {cookies}\r\n"
        f"Content-Type: multipart/form-data; boundary=B\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def _part(collection: str) -> bytes:
    return (
        f'--B\r\nContent-Disposition: form-data; name="collection"\r\n\r\n{collection}\r\n'
        '--B\r\nContent-Disposition: form-data; name="file"; filename="half.txt"\r\n\r\n'
    ).encode()


def test_an_upload_that_breaks_off_leaves_nothing(
    server: Any, admin: httpx.Client, collection: str
) -> None:
    before = set((server.data / "blobs").rglob("*"))
    with _connect(server) as connection:
        connection.sendall(_head(server, admin, MIB) + _part(collection) + b"half of the text")
    # The slot of a broken upload is free again: more than all of them, one after the other.
    for number in range(5):
        with _connect(server) as connection:
            connection.sendall(_head(server, admin, MIB) + _part(collection))
        assert server.upload(admin, collection, f"{number}.txt", f"{number}".encode()).is_success
    names = [item["name"] for item in _documents(admin, collection)]
    assert names == ["4.txt", "3.txt", "2.txt", "1.txt", "0.txt"]
    stored = {path.name.split(".")[0] for path in set((server.data / "blobs").rglob("*")) - before}
    known = {item["id"] for item in _documents(admin, collection)}
    assert {name for name in stored if len(name) == 32} <= known


def _documents(client: httpx.Client, collection: str) -> list[dict[str, Any]]:
    listed = client.get("/v1/documents", params={"collection": collection}).raise_for_status()
    items: list[dict[str, Any]] = listed.json()["items"]
    return items


def test_an_announced_size_over_the_limit_is_refused_before_the_body(
    server: Any, admin: httpx.Client
) -> None:
    with _connect(server) as connection:
        connection.sendall(_head(server, admin, 200 * MIB))
        answer = _received(connection, b"file_too_large")
    assert answer.startswith(b"HTTP/1.1 413 ")


def _received(connection: socket.socket, expected: bytes) -> bytes:
    """Read until an answer is there as far as `expected`; head and body may come apart."""
    answer = b""
    while expected not in answer:
        piece = connection.recv(65536)
        assert piece, answer
        answer += piece
    return answer


def test_a_size_that_is_not_announced_is_counted(
    server: Any, admin: httpx.Client, collection: str
) -> None:
    def body() -> Iterator[bytes]:
        yield _part(collection)
        for _ in range(101):
            yield bytes(MIB)
        yield b"\r\n--B--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    answer = admin.post("/v1/documents", content=body(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert _documents(admin, collection) == []


def _serve(data: Path, port: int) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "SOURCEBOOK_DATA": str(data),
        "SOURCEBOOK_PORT": str(port),
    }
    command = [sys.executable, "-m", "api.cli", "serve"]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_second_server_on_the_same_folder_says_so_and_ends(server: Any) -> None:
    ended = _serve(server.data, 0)
    assert ended.returncode == 1
    assert f"in use by process {server.process.pid}" in " ".join(ended.stderr.split())
    assert "SOURCEBOOK_DATA" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert httpx.get(f"{server.url}/readyz").is_success


def test_a_taken_port_is_said_before_anything_is_made(server: Any, tmp_path: Path) -> None:
    port = httpx.URL(server.url).port or 0
    ended = _serve(tmp_path / "data", port)
    assert ended.returncode == 1
    assert "SOURCEBOOK_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["server.lock"]


def _workers(server: Any) -> list[int]:
    """Return the processes that the server started: Linux lists a thread's children."""
    tasks = Path(f"/proc/{server.process.pid}/task").glob("*/children")
    children = [int(pid) for task in tasks for pid in task.read_text().split()]
    return [pid for pid in children if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _wait_until(what: str, check: Any) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not check():
        if time.monotonic() > deadline:
            pytest.fail(f"still not so: {what}")
        time.sleep(0.05)


def test_a_killed_worker_comes_back_and_goes_on(
    server: Any, admin: httpx.Client, collection: str
) -> None:
    lines = [f"Article {number} is about the matter numbered {number}." for number in range(2500)]
    content = "\n\n".join(lines).encode()
    document = server.upload(admin, collection, "long.txt", content).raise_for_status().json()
    path = f"/v1/documents/{document['id']}"
    _wait_until("processing", lambda: admin.get(path).json()["status"] == "processing")
    (worker,) = _workers(server)
    os.kill(worker, signal.SIGKILL)
    finished = server.wait_for(admin, document["id"])
    assert (finished["status"], finished["progress"]) == ("ready", 100)
    assert worker not in _workers(server)
    assert admin.get(f"{path}/content").content == content
    query = {"query": "Article 2499", "collections": [collection], "limit": 50}
    hits = admin.post("/v1/search", json=query).json()["hits"]
    assert "Article 2499 is about" in hits[0]["text"]
    starts = [hit["start"] for hit in hits]
    assert len(starts) == len(set(starts))  # nothing was stored twice
