"""The server is killed in the middle of an answer: nothing that was acknowledged is lost."""

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.product import serving

QUESTION = "How many days of paid annual leave do new employees receive?"
FACT = "New employees receive 25 days of paid annual leave in their first year."
ARRIVAL_SECONDS_MAX = 60

pytestmark = [pytest.mark.models, pytest.mark.xdist_group("server")]


def _ask(server: Any, cookies: httpx.Cookies) -> None:
    with (
        suppress(httpx.TransportError),
        httpx.Client(
            base_url=server.url, headers={"Origin": server.url}, cookies=cookies
        ) as client,
    ):
        client.post("/v1/answers", json={"question": QUESTION}, timeout=120)


def _kill_during_an_answer(server: Any, client: httpx.Client) -> str:
    """Return the conversation whose answer was cut off."""
    threading.Thread(target=_ask, args=(server, client.cookies), daemon=True).start()
    deadline = time.monotonic() + ARRIVAL_SECONDS_MAX
    while time.monotonic() < deadline:
        if items := client.get("/v1/conversations").json()["items"]:
            os.kill(server.process.pid, signal.SIGKILL)
            return str(items[0]["id"])
        time.sleep(0.01)
    pytest.fail("the question did not arrive")


def test_a_server_killed_during_an_answer_keeps_all_it_had(tmp_path: Path) -> None:
    with serving(tmp_path / "data", tmp_path / "log") as server:
        client = server.signed_in()
        client.post("/v1/collections", json={"name": "Papers"}).raise_for_status()
        document = server.ready(client, "Papers", "leave.txt", FACT)
        key = _kill_during_an_answer(server, client)
        server.process.wait(60)
    with serving(tmp_path / "data", tmp_path / "log") as server:
        client = server.signed_in()
        assert client.get(f"/v1/documents/{document}/content").text == FACT
        (turn,) = client.get(f"/v1/conversations/{key}").json()["turns"]
        assert (turn["question"], turn["status"], turn["answer"]) == (QUESTION, "interrupted", "")
        again = client.post("/v1/answers", json={"question": QUESTION, "conversation_id": key})
        assert "25" in again.json()["answer"]
