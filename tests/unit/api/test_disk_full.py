"""A full disk, simulated where bytes and where rows are written: said clearly, nothing kept."""

import errno
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

URL = "http://127.0.0.1:8000"
Browser = Callable[[str], TestClient]
SignIn = Callable[[TestClient], httpx.Response]


@pytest.fixture
def client(open_browser: Browser, sign_in: SignIn) -> TestClient:
    client = open_browser(URL)
    sign_in(client)
    client.post("/v1/collections", json={"name": "mine"}).raise_for_status()
    return client


def _upload(client: TestClient) -> httpx.Response:
    files = {"file": ("canary.txt", b"some text " * 1000)}
    return client.post("/v1/documents", data={"collection": "mine"}, files=files)


def _files(folder: Path) -> list[Path]:
    return [path for path in (folder / "data" / "blobs").rglob("*") if path.is_file()]


def _assert_refused(client: TestClient, answer: httpx.Response, folder: Path) -> None:
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert "canary" not in answer.text
    assert client.get("/v1/documents").json()["total"] == 0
    assert _files(folder) == []


def test_no_room_for_the_file(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("storage.blobs.os.fsync", full)
        _assert_refused(client, _upload(client), tmp_path)
    assert _upload(client).status_code == 202


def test_no_room_for_the_row(client: TestClient, tmp_path: Path) -> None:
    engine = client.app.state.sourcebook.database.engine  # type: ignore[attr-defined]

    def shrink(connection: object, *_: object) -> None:
        # SQLite raises it to the present size by itself: not one page more may be taken.
        connection.cursor().execute("PRAGMA max_page_count = 1")  # type: ignore[attr-defined]

    engine.dispose()
    event.listen(engine, "connect", shrink)
    answers = [client.post("/v1/collections", json={"name": f"{n:200}"}) for n in range(60)]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {
        (507, "storage_full")
    }
    _assert_refused(client, _upload(client), tmp_path)
    event.remove(engine, "connect", shrink)
    engine.dispose()
    assert _upload(client).status_code == 202
