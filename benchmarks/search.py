"""How fast a search is in process, where its time goes, and what the indexes cost.

    python -m benchmarks.search [--chunks 10000 100000] [--queries 200] [--folder FOLDER]

Fills a database with made-up chunks of 150 words, builds the indexes from its rows and searches
it one query after the other, by somebody who sees 1, 10 or 100 % of the documents.
"""

import argparse
import os
import tempfile
from base64 import b64encode
from collections import defaultdict
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.synthetic_corpus import NOW, SHARES, SyntheticCorpus
from retrieval.embedding.factory import create_embedder
from retrieval.embedding.port import Embedder
from retrieval.embedding.settings import EmbeddingSettings
from retrieval.index import CorpusIndex
from retrieval.search import Retriever
from retrieval.settings import RetrievalSettings
from security.keyring import KeyRing
from security.keys import EnvironmentKeyProvider
from security.tables import Tenant
from storage.database import Base, Database

TENANT = "benchmark"
STAGES = ("catch_up", "embed", "dense", "lexical", "load")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chunks", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="where the databases are made")
    options = parser.parse_args()
    embedder = create_embedder(EmbeddingSettings())
    for chunks in options.chunks:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            _run(Path(folder), embedder, chunks, options.queries)


def _run(folder: Path, embedder: Embedder, chunks: int, queries: int) -> None:
    database = Database(f"sqlite:///{folder / 'search.db'}")
    provider = EnvironmentKeyProvider(b64encode(bytes(range(32))).decode())
    keyring = KeyRing(provider, lambda: NOW)
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(Tenant(id=TENANT, name=TENANT, created_at=NOW))
        session.flush()
        keyring.create_tenant(session, TENANT)
    corpus = SyntheticCorpus(database, keyring, embedder, TENANT)
    started = perf_counter()
    corpus.fill(chunks)
    print(f"{chunks:,} chunks, written in {perf_counter() - started:.1f} s")
    settings = RetrievalSettings()
    # A new key ring, so that no key is unwrapped already.
    keyring = KeyRing(provider, lambda: NOW)
    index = CorpusIndex(
        database,
        keyring,
        embedder=embedder,
        settings=settings,
    )
    before, started = _resident_megabytes(), perf_counter()
    index.rebuild()
    seconds, memory = perf_counter() - started, _resident_megabytes() - before
    print(f"  built from the rows in {seconds:.1f} s, {memory:.0f} MB")
    stages: defaultdict[str, list[float]] = defaultdict(list)
    retriever = Retriever(
        database,
        index,
        embedder,
        keyring,
        settings,
        observe=lambda stage, seconds: stages[stage].append(seconds),
    )
    print(f"  {'visible':>8}{'p50 ms':>8}{'p95 ms':>8}" + "".join(f"{s:>10}" for s in STAGES))
    for share in SHARES:
        _measure(retriever, corpus, share, queries, stages)
    database.close()


def _measure(
    retriever: Retriever,
    corpus: SyntheticCorpus,
    share: int,
    queries: int,
    stages: defaultdict[str, list[float]],
) -> None:
    scope = corpus.scope(share)
    for _ in range(5):
        retriever.search(scope, corpus.query(), 10)
    stages.clear()
    totals = []
    for _ in range(queries):
        query, started = corpus.query(), perf_counter()
        retriever.search(scope, query, 10)
        totals.append(perf_counter() - started)
    middle, high = np.percentile(totals, (50, 95)) * 1000
    parts = (f"{100 * sum(stages[stage]) / sum(totals):9.0f}%" for stage in STAGES)
    print(f"  {share:>7}%{middle:8.1f}{high:8.1f}" + "".join(parts), flush=True)


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
