"""Both keys are rotated on the command line while the product is used; no request may fail."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.product import Server, serving

FACT = "New employees receive 25 days of paid annual leave in their first year."


def keys(server: Server, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SOURCEBOOK_")}
    environment |= {
        "SOURCEBOOK_DATA": str(server.data),
        "SOURCEBOOK_SECURITY__KEYS__RETIRE_SECONDS_MIN": "0",
    }
    command = [sys.executable, "-m", "api.cli", "keys", *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.split())


@contextmanager
def in_use(*uses: Callable[[int], httpx.Response]) -> Iterator[list[int]]:
    """Repeat each use in a thread of its own until the block ends; give every status code."""
    codes: list[int] = []
    over = threading.Event()

    def repeat(use: Callable[[int], httpx.Response]) -> None:
        count = 0
        while not over.is_set():
            codes.append(use(count).status_code)
            count += 1

    threads = [threading.Thread(target=repeat, args=(use,)) for use in uses]
    for thread in threads:
        thread.start()
    try:
        yield codes
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.mark.models
def test_keys_are_replaced_under_load_and_nothing_fails_or_is_lost(tmp_path: Path) -> None:
    with serving(tmp_path / "data", tmp_path / "log") as server:
        admin, reader, writer = (server.signed_in() for _ in range(3))
        form = {"name": "Handbook"}
        collection = admin.post("/v1/collections", json=form).raise_for_status().json()["id"]
        document = server.ready(admin, collection, "leave.txt", FACT)
        first = (server.data / "keys" / "kek").read_bytes()

        def search(_: int) -> httpx.Response:
            return reader.post("/v1/search", json={"query": "paid annual leave"})

        def read(_: int) -> httpx.Response:
            return admin.get(f"/v1/documents/{document}/content")

        def upload(count: int) -> httpx.Response:
            return server.upload(writer, collection, f"{count}.txt", f"{FACT} {count}".encode())

        with in_use(search, read, upload) as codes:
            keys(server, "rotate")
            keys(server, "rewrap")
            assert "versions of the tenant's key: 1." in keys(server, "retire")
            keys(server, "rotate", "--master")
            keys(server, "rewrap")
            keys(server, "retire", "--master")
        assert codes
        assert {code for code in codes if code >= 400} == set()
        assert (server.data / "keys" / "kek").read_bytes() != first
        assert not (server.data / "keys" / "kek.previous").exists()
        status = keys(server, "status")
        assert "2 │" in status
        assert "yes" in status

    with serving(tmp_path / "data", tmp_path / "log") as server:  # nothing lives in caches only
        admin = server.signed_in()
        collections = admin.get("/v1/collections").raise_for_status().json()["items"]
        assert [item["name"] for item in collections] == ["Handbook"]
        content = admin.get(f"/v1/documents/{document}/content").raise_for_status()
        assert content.text == FACT
        found = admin.post("/v1/search", json={"query": "annual leave"}).raise_for_status().json()
        assert found["hits"][0]["text"].startswith(FACT)
        again = server.upload(admin, collection, "leave.txt", FACT.encode()).raise_for_status()
        assert again.json()["duplicate"]  # digests outlive the version
