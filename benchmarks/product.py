"""The running product over HTTP: start, memory, pages a second, search, time to an answer.

    SOURCEBOOK_EVAL_DATA=<folder> python -m benchmarks.product [--chunks 10000 100000]
        [--pdfs 6] [--queries 200] [--questions 6]

Starts `sourcebook serve` on a new data folder, as an operator would. Ingestion reads PDFs of
`finance/financebench_dev` and asks that set's questions on them; without the folder, both are left
out. Search runs on made-up chunks, one request after the other.
"""

import argparse
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from api.first_start import prepare
from api.key_holders import key_provider
from api.settings import Settings
from api.wiring import open_database, tenant_id_of, utc_now
from benchmarks.synthetic_corpus import SyntheticCorpus
from retrieval.embedding.factory import create_embedder
from security.keyring import KeyRing

PASSWORD = secrets.token_urlsafe(15)
READY_SECONDS_MAX = 900
STAGES = ("catch_up", "embed", "dense", "lexical", "load")


class Product:
    """A running server and a signed-in client of it."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, start_seconds: float) -> None:
        self.process, self.start_seconds = process, start_seconds
        self.http = httpx.Client(base_url=url, headers={"Origin": url}, timeout=900)
        form = {"name": "admin", "password": PASSWORD}
        self.http.post("/v1/session", json=form).raise_for_status()

    def memory(self) -> str:
        """Describe the proportional memory (PSS) of the server, its worker and the parser."""
        parts = [memory_of(process) for process in process_tree(self.process.pid)]
        own = " + ".join(f"{anonymous // 1024:,}" for anonymous, _ in parts)
        total, mapped = (sum(part) // 1024 for part in zip(*parts, strict=True))
        return f"{total:,} MB of their own ({own}) and {mapped:,} MB of mapped files"

    def processor_seconds(self) -> list[float]:
        """Say what the server, its worker and the parsers have used so far.

        Those that ended are counted with the process that began them.
        """
        spent = [processor_seconds_of(process) for process in process_tree(self.process.pid)]
        return [*spent[:2], sum(spent[2:])]

    def retrieval_seconds(self) -> dict[str, float]:
        """Read the sums of the stages of all searches so far."""
        text = self.http.get("/metrics").text
        found = re.findall(r'retrieval_seconds_sum\{stage="(\w+)"\} (\S+)', text)
        return {stage: float(seconds) for stage, seconds in found}

    def step_seconds(self) -> dict[str, float]:
        """Read the sums of the steps of ingestion."""
        text = self.http.get("/metrics").text
        found = re.findall(r'step_seconds_sum\{step="(\w+)"\} (\S+)', text)
        return {step: float(seconds) for step, seconds in found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chunks", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--pdfs", type=int, default=6)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--questions", type=int, default=6)
    options = parser.parse_args()
    data = os.environ.get("SOURCEBOOK_EVAL_DATA")
    if data:
        measure_documents(Path(data) / "finance/financebench_dev", options)
    else:
        print("SOURCEBOOK_EVAL_DATA is not set: no ingestion, no questions.")
    for chunks in options.chunks:
        measure_search(chunks, options.queries)


def measure_documents(folder: Path, options: argparse.Namespace) -> None:
    files = sorted(folder.glob("pdfs/*.pdf"), key=lambda file: file.stat().st_size)
    chosen = files[:: max(1, len(files) // options.pdfs)][: options.pdfs]
    with tempfile.TemporaryDirectory() as data:
        with running(Path(data)) as product:
            print(f"First start {product.start_seconds:.1f} s; at rest {product.memory()}")
            _ingest(product, chosen)
            _ask(product, _questions(folder, chosen, options.questions))
            print(f"After answers {product.memory()}")
        with running(Path(data)) as product:
            print(f"Second start {product.start_seconds:.1f} s; at rest {product.memory()}")


def measure_search(chunks: int, queries: int) -> None:
    with tempfile.TemporaryDirectory() as data:
        words = _fill(Path(data), chunks)
        with running(Path(data)) as product:
            print(f"\n{chunks:,} chunks: start {product.start_seconds:.1f} s; {product.memory()}")
            for query in words[:10]:
                _search(product, query)
            before = product.retrieval_seconds()
            times = [_search(product, query) for query in words[10 : 10 + queries]]
            after = product.retrieval_seconds()
    spent = {stage: after[stage] - before[stage] for stage in STAGES}
    spent["rest (HTTP, rights)"] = sum(times) - sum(spent.values())
    shares = ", ".join(f"{name} {seconds / sum(times):.0%}" for name, seconds in spent.items())
    p95 = quantiles(times, n=20)[-1]
    print(f"search p50 {median(times) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms: {shares}")


def _search(product: Product, query: str) -> float:
    started = time.perf_counter()
    product.http.post("/v1/search", json={"query": query}).raise_for_status()
    return time.perf_counter() - started


def _ingest(product: Product, files: Sequence[Path]) -> None:
    collection = product.http.post("/v1/collections", json={"name": "Reports"}).json()["id"]
    started, before = time.perf_counter(), product.processor_seconds()
    for file in files:
        with file.open("rb") as content:
            sent = {"file": (file.name, content)}
            uploaded = product.http.post(
                "/v1/documents", data={"collection": collection}, files=sent
            )
            uploaded.raise_for_status()
    documents = _until_done(product, collection)
    seconds = time.perf_counter() - started
    after = product.processor_seconds()
    spent = [now - then for now, then in zip(after, before, strict=True)]
    busy = sum(spent)
    pages = sum(document["page_count"] or 0 for document in documents)
    chunks = sum(document["chunk_count"] for document in documents)
    steps = product.step_seconds()
    shares = ", ".join(f"{name} {taken / seconds:.0%}" for name, taken in steps.items())
    print(
        f"{len(documents)} PDFs, {pages} pages, {chunks} chunks in {seconds:.0f} s: "
        f"{pages / seconds:.1f} pages/s, {chunks / seconds:.1f} chunks/s ({shares}); "
        f"{busy:.1f} s of processor time (server {spent[0]:.1f}, worker {spent[1]:.1f}, parsers "
        f"{spent[2]:.1f}), {1000 * busy / pages:.0f} ms a page, {busy / seconds:.2f} cores busy"
    )


def _until_done(product: Product, collection: str) -> list[dict[str, Any]]:
    while True:
        query: dict[str, str | int] = {"collection": collection, "limit": 200}
        documents: list[dict[str, Any]] = product.http.get("/v1/documents", params=query).json()[
            "items"
        ]
        if all(document["status"] in {"ready", "failed"} for document in documents):
            return documents
        time.sleep(0.5)


def _questions(folder: Path, files: Sequence[Path], count: int) -> list[str]:
    """Return questions of the set on the reports that were read."""
    reports = {file.stem for file in files}
    lines = map(json.loads, (folder / "queries.jsonl").read_text().splitlines())
    return [line["text"] for line in lines if line["doc_name"] in reports][:count]


def _ask(product: Product, questions: Sequence[str]) -> None:
    timed = [_answer(product, question) for question in questions]
    # The others were refused without asking the model.
    written = [(first, last) for first, last, tokens in timed if tokens]
    first, last = zip(*written, strict=True) if written else ([0.0], [0.0])
    print(
        f"{len(questions)} questions, {len(written)} of them put to the model: "
        f"first sentence p50 {median(first):.1f} s (max {max(first):.1f}), "
        f"whole answer p50 {median(last):.1f} s (max {max(last):.1f})"
    )


def _answer(product: Product, question: str) -> tuple[float, float, int]:
    """Ask, and return seconds to the first event and to the last, and the tokens written."""
    started = time.perf_counter()
    first, answer = 0.0, {}
    body = {"question": question, "stream": True}
    with product.http.stream("POST", "/v1/answers", json=body) as events:
        for line in filter(None, events.iter_lines()):
            first = first or time.perf_counter() - started
            if line.startswith("data: "):
                answer = json.loads(line.removeprefix("data: "))
    return first, time.perf_counter() - started, answer["usage"]["completion_tokens"]


def _fill(data: Path, chunks: int) -> list[str]:
    """Set a data folder up, fill it and return queries."""
    settings = Settings(data=data, admin_password=PASSWORD)
    prepare(settings, lambda: None)
    database = open_database(settings)
    with database.reading() as session:
        tenant_id = tenant_id_of(session) or ""
    keyring = KeyRing(key_provider(settings), utc_now)
    corpus = SyntheticCorpus(database, keyring, create_embedder(settings.embedding), tenant_id)
    corpus.fill(chunks)
    database.close()
    return [corpus.query() for _ in range(1000)]


@contextmanager
def running(data: Path) -> Iterator[Product]:
    """Serve a data folder until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "SOURCEBOOK_DATA": str(data),
        "SOURCEBOOK_PORT": str(port),
        "SOURCEBOOK_ADMIN_PASSWORD": PASSWORD,
        "SOURCEBOOK_LOG_LEVEL": "error",
    }
    started = time.perf_counter()
    command = [sys.executable, "-m", "api.cli", "serve"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process)
        yield Product(process, url, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait()


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz").is_success:
                return
        time.sleep(0.1)
    raise TimeoutError("the server did not start")


def process_tree(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from process_tree(int(child))


def processor_seconds_of(pid: int) -> float:
    """Return user and system time of a process and of its children that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> tuple[int, int]:
    """Return anonymous and file-backed memory in KiB, shared pages counted in parts."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    fields = dict(re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE))
    return int(fields["Pss_Anon"]), int(fields["Pss_File"])


if __name__ == "__main__":
    main()
