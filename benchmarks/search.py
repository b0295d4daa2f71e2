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
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import numpy as np

from retrieval.access import AccessScope, intern_acl
from retrieval.chunk_codec import ChunkRecord
from retrieval.chunks import add_chunks
from retrieval.corpus import Chunk
from retrieval.document_keys import document_owner
from retrieval.embedding.factory import create_embedder
from retrieval.embedding.port import Embedder
from retrieval.embedding.settings import EmbeddingSettings
from retrieval.index import CorpusIndex
from retrieval.lexical.analysis import terms
from retrieval.lexical.blind import BlindTokens
from retrieval.search import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.tables import READY, Collection, Document
from security.keyring import KeyRing
from security.keys import EnvironmentKeyProvider
from security.places import Place
from security.tables import Tenant
from storage.database import Base, Database

TENANT = "benchmark"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHUNKS_A_DOCUMENT = 20
WORDS_A_CHUNK = 150
DOCUMENTS_A_TRANSACTION = 200
SHARES = (1, 10, 100)  # percent of the documents that a scope sees
STAGES = ("catch_up", "embed", "dense", "lexical", "load")


class Corpus:
    """Documents of random words and vectors; one in a hundred is in the smallest scope."""

    def __init__(self, database: Database, keyring: KeyRing, embedder: Embedder) -> None:
        self.database, self.keyring, self.embedder = database, keyring, embedder
        self.random = np.random.default_rng(7)
        self.words = np.array([f"word{n}" for n in range(50_000)])
        Base.metadata.create_all(database.engine)
        self.collection = uuid4().hex
        with database.transaction() as session:
            session.add(Tenant(id=TENANT, name=TENANT, created_at=NOW))
            session.flush()
            keyring.create_tenant(session, TENANT)
            keys = keyring.tenant(session, TENANT)
            collection = Collection(
                id=self.collection,
                tenant_id=TENANT,
                name=b"",
                name_digest="",
                created_at=NOW,
            )
            session.add(collection)
            self.acls = {share: intern_acl(session, TENANT, [f"{share}"]) for share in SHARES}
        blind = BlindTokens(keys.blind_token_key)
        self.tokens = [b"".join(blind.tokens(terms(word))) for word in self.words]

    def fill(self, chunks: int) -> None:
        documents = chunks // CHUNKS_A_DOCUMENT
        for start in range(0, documents, DOCUMENTS_A_TRANSACTION):
            with self.database.transaction() as session:
                for number in range(start, min(start + DOCUMENTS_A_TRANSACTION, documents)):
                    share = 1 if number % 100 == 0 else 10 if number % 10 == 0 else 100
                    self._add(session, self.acls[share])

    def scope(self, share: int) -> AccessScope:
        held = frozenset(acl for least, acl in self.acls.items() if least <= share)
        return AccessScope(TENANT, held)

    def query(self) -> str:
        return " ".join(self.words[self._picks(8)])

    def _add(self, session, acl_id: int) -> None:
        document_id = uuid4().hex
        cipher = self.keyring.create(session, TENANT, document_owner(document_id))
        row = Document(
            id=document_id,
            tenant_id=TENANT,
            collection_id=self.collection,
            acl_id=acl_id,
            name=cipher.seal(Place("documents", document_id, "name"), b"report.pdf"),
            content_digest=document_id,
            media_type="text/plain",
            size_bytes=1,
            status=READY,
            stage=READY,
            created_by=document_id,
            created_at=NOW,
            updated_at=NOW,
        )
        session.add(row)
        session.flush()
        add_chunks(session, TENANT, document_id, cipher, list(self._records()))

    def _records(self) -> Iterator[ChunkRecord]:
        vectors = self.random.standard_normal((CHUNKS_A_DOCUMENT, self.embedder.dimensions))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        for ordinal, vector in enumerate(vectors.astype(np.float32)):
            picks = self._picks(WORDS_A_CHUNK)
            text = " ".join(self.words[picks])
            yield ChunkRecord(
                chunk=Chunk(ordinal, text, 0, len(text)),
                content_digest=uuid4().hex,
                embedder=self.embedder.name,
                vector=vector,
                tokens=b"".join(self.tokens[pick] for pick in picks),
            )

    def _picks(self, count: int) -> np.ndarray:
        """Pick words as languages do: few are frequent."""
        return self.random.zipf(1.2, count) % len(self.words)


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
    corpus = Corpus(database, keyring, embedder)
    started = perf_counter()
    corpus.fill(chunks)
    print(f"{chunks:,} chunks, written in {perf_counter() - started:.1f} s")
    settings = RetrievalSettings()
    # A new key ring, so that no key is unwrapped already.
    keyring = KeyRing(provider, lambda: NOW)
    index = CorpusIndex(
        database,
        keyring,
        embedder=embedder.name,
        dimensions=embedder.dimensions,
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
    corpus: Corpus,
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
