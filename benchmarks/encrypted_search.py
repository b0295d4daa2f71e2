"""What encryption adds to a search: the same search over the same chunks, with and without it.

    python -m benchmarks.encrypted_search [--chunks 10000] [--queries 300] [--folder FOLDER]

"Without" is a key ring of this benchmark that stores everything as it is: no unwrapping, no
decryption; only the sub-select of a key beside each passage stays. The product has no such thing.
All else is the product's own path: catching up, embedding the question, vectors, words, access
checks, rows. The two take turns query by query, the first to go changing each time; figures are
medians. "processor" is the time that all threads of this process worked, which other work on the
machine does not stretch; "searching thread" leaves the embedding of the question out.
"""

import argparse
import statistics
import tempfile
from base64 import b64encode
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter, process_time, thread_time
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from benchmarks.synthetic_corpus import NOW, SyntheticCorpus
from retrieval.embedding.factory import create_embedder
from retrieval.embedding.port import Embedder
from retrieval.embedding.settings import EmbeddingSettings
from retrieval.index import CorpusIndex
from retrieval.search import Retriever
from retrieval.settings import RetrievalSettings
from security.keyring import KeyRing
from security.keys import EnvironmentKeyProvider
from security.places import Place
from security.tables import Tenant, WrappedKey
from storage.database import Base, Database

TENANT = "benchmark"
HITS = 10
WARM_UP = 20


class NoCipher:
    """Leaves everything as it is."""

    def seal(self, _place: Place, plaintext: bytes) -> bytes:
        return plaintext

    def open(self, _place: Place, stored: bytes) -> bytes:
        return stored


class NoKeys:
    """Stands where a key ring does and has no keys; blind tokens need one, a fixed one does."""

    def __init__(self) -> None:
        self._cipher = NoCipher()
        self._tenant = SimpleNamespace(fields=self._cipher, blind_token_key=bytes(32))

    def create_tenant(self, _session: Session, _tenant_id: str) -> None:
        pass

    def tenant(self, _session: Session, _tenant_id: str) -> Any:
        return self._tenant

    def create(self, session: Session, tenant_id: str, owner: str) -> Any:
        # Passages are read together with their wrapped key; without a row they count as erased.
        session.add(WrappedKey(tenant_id=tenant_id, owner=owner, wrapped=b"", created_at=NOW))
        session.flush()
        return self._cipher

    def unwrapped(
        self, _session: Session, _tenant_id: str, wrapped: Mapping[str, bytes]
    ) -> dict[str, Any]:
        return dict.fromkeys(wrapped, self._cipher)

    def ciphers(self, _session: Session, _tenant_id: str, owners: Sequence[str]) -> dict[str, Any]:
        return dict.fromkeys(owners, self._cipher)


class Searched:
    """A database of chunks and what searches it; `seconds` collects the stages of searches."""

    def __init__(self, folder: Path, embedder: Embedder, keyring: Any, chunks: int) -> None:
        self.database = Database(f"sqlite:///{folder / 'search.db'}")
        Base.metadata.create_all(self.database.engine)
        with self.database.transaction() as session:
            session.add(Tenant(id=TENANT, name=TENANT, created_at=NOW))
            session.flush()
            keyring.create_tenant(session, TENANT)
        self.corpus = SyntheticCorpus(self.database, keyring, embedder, TENANT)
        self.corpus.fill(chunks)
        settings = RetrievalSettings()
        index = CorpusIndex(
            self.database,
            keyring,
            embedder=embedder,
            settings=settings,
        )
        index.rebuild()
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self._retriever = Retriever(
            self.database, index, embedder, keyring, settings, observe=self._observed
        )

    def search(self, query: str) -> None:
        scope = self.corpus.scope(100)
        started, worked, own = perf_counter(), process_time(), thread_time()
        hits = self._retriever.search(scope, query, HITS)
        whole, worked, own = (
            perf_counter() - started,
            process_time() - worked,
            thread_time() - own,
        )
        assert len(hits) == HITS
        self.seconds["whole"].append(whole)
        self.seconds["processor"].append(worked)
        self.seconds["searching thread"].append(own)

    def _observed(self, stage: str, seconds: float) -> None:
        self.seconds[stage].append(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--folder", type=Path, help="where the databases are made")
    options = parser.parse_args()
    embedder = create_embedder(EmbeddingSettings())
    provider = EnvironmentKeyProvider(b64encode(bytes(range(32))).decode())
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        sides: list[Searched] = []
        for name, keyring in (("with", KeyRing(provider, lambda: NOW)), ("without", NoKeys())):
            place = Path(folder) / name
            place.mkdir()
            sides.append(Searched(place, embedder, keyring, options.chunks))
        encrypted, plain = sides
        _measure(encrypted, plain, options.queries)
        for side in sides:
            side.database.close()


def _measure(encrypted: Searched, plain: Searched, queries: int) -> None:
    for number in range(WARM_UP + queries):
        if number == WARM_UP:
            encrypted.seconds.clear()
            plain.seconds.clear()
        query = encrypted.corpus.query()
        order = (encrypted, plain) if number % 2 else (plain, encrypted)
        for side in order:
            side.search(query)
    print(f"{'':20}{'encrypted ms':>14}{'plain ms':>10}{'ratio':>8}")
    for name in ("whole", "processor", "searching thread", "catch_up", "dense", "lexical", "load"):
        with_, without = (
            1000 * statistics.median(side.seconds[name]) for side in (encrypted, plain)
        )
        print(f"{name:20}{with_:>14.2f}{without:>10.2f}{with_ / without:>8.3f}")


if __name__ == "__main__":
    main()
