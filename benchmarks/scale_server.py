"""Start the product on a filled data folder and measure it from outside."""

import argparse
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Final

import httpx

from benchmarks.product import memory_of, process_tree, wait_until_ready
from benchmarks.scale_fill import Folder
from benchmarks.scale_load import Load, measure, searches

_WARM_UP: Final = 40
_UPLOADS: Final = 3
_SECONDS_MAX: Final = 600
_UNLIMITED: Final = "100000000"


@dataclass(slots=True)
class Measured:
    """What was measured at one size; loads are by percentage seen and by number of clients."""

    chunks: int
    start_seconds: float
    memory_mb: int = 0
    ingest_rate: float = 0.0
    alone: dict[str, Load] = field(default_factory=dict)
    together: dict[str, Load] = field(default_factory=dict)
    recall: dict[str, float] = field(default_factory=dict)


def measure_server(
    folder: Folder, questions: Sequence[str], chunks: int, options: argparse.Namespace
) -> Measured:
    """Measure start, memory, searches of one and of many, and ingestion."""
    tokens = folder.tokens()
    with _running(folder) as (process, port, seconds):
        measured = Measured(chunks, seconds)
        for share, token in tokens.items():
            asked = searches(port, token, questions)
            measure(port, asked, clients=1, count=_WARM_UP)
            measured.alone[str(share)] = measure(port, asked, clients=1, count=options.queries)
        asked = searches(port, tokens[100], questions)
        for clients in options.clients:
            count = options.queries * min(clients, 8)
            measured.together[str(clients)] = measure(port, asked, clients=clients, count=count)
        measured.memory_mb = sum(memory_of(pid)[0] for pid in process_tree(process)) // 1024
        if options.sentences:
            measured.ingest_rate = _uploaded(port, folder, questions[: options.sentences])
    return measured


def measure_uploads(folder: Folder, sentences: Sequence[str]) -> float:
    """Measure ingestion alone; chunks a second."""
    with _running(folder) as (_, port, _):
        return _uploaded(port, folder, sentences)


def _uploaded(port: int, folder: Folder, sentences: Sequence[str]) -> float:
    """Return the middle of several uploads; before the first, a worker starts its parser."""
    rates = [_ingested(port, folder, sentences) for _ in range(_UPLOADS)]
    return median(rates)


@contextmanager
def _running(folder: Folder) -> Iterator[tuple[int, int, float]]:
    """Serve a data folder until the block ends; yield its number, its port and its start's time."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    rates = "SOURCEBOOK_SECURITY__RATES__REQUESTS_PER_MINUTE_PER_"
    environment = os.environ | {
        "SOURCEBOOK_DATA": str(folder.settings.data),
        "SOURCEBOOK_PORT": str(port),
        "SOURCEBOOK_LOG_LEVEL": "error",
        **{f"{rates}{kind}": _UNLIMITED for kind in ("USER", "TOKEN", "TENANT")},
    }
    started = time.perf_counter()
    command = [sys.executable, "-m", "api.cli", "serve"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process)
        yield process.pid, port, time.perf_counter() - started
    finally:
        process.terminate()
        process.wait()


def _ingested(port: int, folder: Folder, sentences: Sequence[str]) -> float:
    """Upload a new document and return how many chunks a second were read until it is found."""
    headers = {"Authorization": f"Bearer {folder.owner_token()}"}
    mark = f"scale{time.time_ns()}"
    text = "\n\n".join(f"{sentence} {mark}" for sentence in sentences)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as http:
        collection = http.get("/v1/collections").json()["items"][0]["id"]
        started = time.perf_counter()
        place, sent = {"collection": collection}, {"file": (f"{mark}.txt", text)}
        uploaded = http.post("/v1/documents", data=place, files=sent).raise_for_status()
        document = uploaded.json()["id"]
        while time.perf_counter() - started < _SECONDS_MAX:
            state = http.get(f"/v1/documents/{document}").json()
            if state["status"] == "ready":
                break
            time.sleep(0.05)
        found = http.post("/v1/search", json={"query": mark}).json()["hits"]
        seconds = time.perf_counter() - started
        if document not in {hit["document_id"] for hit in found}:
            message = f"what was uploaded is not found: it is {state['status']}"
            raise RuntimeError(message)
        return float(state["chunk_count"]) / seconds
