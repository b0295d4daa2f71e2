"""Invariant 2: what a caller retrieves is a subset of what the rows say that caller may see.

The oracle is a plain dictionary that is kept beside the system and shares no code with it. As
every limit is above the corpus's size, the whole path must find all that is visible, too.
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    rule,
)

from retrieval.access import AccessScope
from retrieval.lexical.analysis import terms
from retrieval.lexical.blind import BlindTokens
from retrieval.stages import ignore
from storage.database import Database
from tests.integration.retrieval.world import World

TENANTS = ("t1", "t2")
COLLECTIONS = range(2)
ACLS = range(3)
SCRIPTS = {"chinese": ("zh", "ja"), "other": ("en",), "unknown": (None,)}
LANGUAGES = ("en", "zh", "ja", None)
WORDS = ("alpha", "beta", "gamma", "delta")

texts = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3), max_size=4)
tenants = st.sampled_from(TENANTS)
collections = st.sampled_from(COLLECTIONS)
acls = st.sampled_from(ACLS)
languages = st.sampled_from(LANGUAGES)


@dataclass
class Known:
    """What the oracle knows of a document."""

    tenant: str
    collection: int
    acl: int
    texts: Sequence[str]
    language: str | None
    readable: bool = True


class Retrieval(RuleBasedStateMachine):
    """Change the corpus at random and search it as anybody, at any time."""

    documents = Bundle("documents")

    @initialize(target=documents)
    def build(self) -> MultipleResults[str]:
        """Begin with a document for every right, so that each search has something to hide."""
        self.folder = Path(tempfile.mkdtemp())
        url = f"sqlite:///{self.folder / 'world.db'}"
        self.database, self.second = Database(url), Database(url)
        self.world = World(self.database)
        self.known: dict[str, Known] = {}
        for tenant in TENANTS:
            self.world.tenant(tenant)
        self.collections = {
            (tenant, n): self.world.collection(tenant) for tenant in TENANTS for n in COLLECTIONS
        }
        # The same lists in both tenants, and the numbers of both are used in every scope.
        self.acls = {
            (tenant, n): self.world.acl(tenant, f"collection:{n}")
            for tenant in TENANTS
            for n in ACLS
        }
        documents = [
            self._added(tenant, collection, acl, [[word] for word in WORDS], LANGUAGES[acl])
            for tenant in TENANTS
            for collection in COLLECTIONS
            for acl in ACLS
        ]
        self.index, self.follower = self.world.index(), self.world.index(self.second)
        self.index.rebuild()
        self.follower.rebuild()
        self.retriever = self.world.retriever(self.index)
        return multiple(*documents)

    @rule(
        target=documents,
        tenant=tenants,
        collection=collections,
        acl=acls,
        texts=texts,
        language=languages,
    )
    def add(
        self,
        tenant: str,
        collection: int,
        acl: int,
        texts: list[list[str]],
        language: str | None,
    ) -> str:
        return self._added(tenant, collection, acl, texts, language)

    def _added(
        self,
        tenant: str,
        collection: int,
        acl: int,
        texts: list[list[str]],
        language: str | None,
    ) -> str:
        joined = self._distinct(texts)
        document = self.world.document(
            tenant, self.collections[tenant, collection], self.acls[tenant, acl], joined, language
        )
        self.known[document] = Known(tenant, collection, acl, joined, language)
        return document

    @rule(document=documents, texts=texts)
    def replace(self, document: str, texts: list[list[str]]) -> None:
        known = self.known[document]
        if known.readable:
            known.texts = self._distinct(texts)
            self.world.replace(known.tenant, document, known.texts)

    @rule(document=documents, collection=collections, acl=acls)
    def move(self, document: str, collection: int, acl: int) -> None:
        known = self.known[document]
        known.collection, known.acl = collection, acl
        tenant = known.tenant
        self.world.move(
            tenant, document, self.collections[tenant, collection], self.acls[tenant, acl]
        )

    @rule(document=documents, language=languages)
    def reparse(self, document: str, language: str | None) -> None:
        known = self.known[document]
        known.language = language
        self.world.reparse(known.tenant, document, language)

    @rule(document=consumes(documents))
    def delete(self, document: str) -> None:
        self.world.delete(self.known.pop(document).tenant, document)

    @rule(document=documents)
    def destroy_key(self, document: str) -> None:
        known = self.known[document]
        known.readable = False
        self.world.destroy_key(known.tenant, document)

    @rule(
        tenant=tenants,
        held=st.frozensets(acls),
        narrowed=st.none() | st.frozensets(collections),
        word=st.sampled_from(WORDS),
    )
    def search(
        self, tenant: str, held: frozenset[int], narrowed: frozenset[int] | None, word: str
    ) -> None:
        scope = AccessScope(
            tenant,
            # The other tenant's numbers grant nothing here.
            frozenset(self.acls[name, n] for name in TENANTS for n in held),
            None if narrowed is None else self._ids(narrowed),
        )
        allowed = {
            document
            for document, known in self.known.items()
            if known.tenant == tenant
            and known.acl in held
            and (narrowed is None or known.collection in narrowed)
            and known.readable
        }
        found = self.retriever.search(scope, word, 1000)
        expected = {(document, text) for document in allowed for text in self.known[document].texts}
        assert {(hit.document_id, hit.chunk.text) for hit in found} == expected
        assert [hit.rank for hit in found] == list(range(1, len(found) + 1))
        for index in (self.index, self.follower):
            index.catch_up()
            self._check_legs(index, scope, word, allowed)

    @rule()
    def rebuilt_equals_followed(self) -> None:
        unreadable = {document for document, known in self.known.items() if not known.readable}
        for index in (self.index, self.follower):
            report = index.verify()
            assert {item.document_id for item in report.differences} == unreadable
            assert {item.kind for item in report.differences} <= {"unreadable"}
        self.index.rebuild()

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.database.close()
            self.second.close()
            shutil.rmtree(self.folder)

    def _distinct(self, texts: list[list[str]]) -> list[str]:
        """Number the texts, so that none is folded away as a repetition of another."""
        self.count = getattr(self, "count", 0) + 1
        return [f"{' '.join(words)} n{self.count} m{n}" for n, words in enumerate(texts)]

    def _ids(self, numbers: frozenset[int]) -> frozenset[str]:
        return frozenset(self.collections[name, n] for name in TENANTS for n in numbers)

    def _check_legs(self, index, scope: AccessScope, word: str, allowed: set[str]) -> None:
        with self.database.reading() as session:
            key = self.world.keyring.tenant(session, scope.tenant_id).blind_token_key
        tokens = BlindTokens(key).tokens(terms(word))
        vector = self.world.embedder.embed_queries([word])[0].astype(np.float32)
        legs = index.search(scope, dict.fromkeys(SCRIPTS, vector), tokens, 1000, ignore)
        numbers = self._numbers_of(allowed)
        for script, languages in SCRIPTS.items():
            written = {name for name in allowed if self.known[name].language in languages}
            assert set(dict(legs.dense.get(script, ()))) == set(self._numbers_of(written))
        assert set(dict(legs.lexical)) == {n for n, text in numbers.items() if word in text}

    def _numbers_of(self, documents: set[str]) -> dict[int, str]:
        with self.database.reading() as session:
            rows = session.connection().exec_driver_sql(
                "SELECT id, document_id, ordinal FROM chunks"
            )
            return {
                number: self.known[document].texts[ordinal]
                for number, document, ordinal in rows
                if document in documents
            }


TestRetrieval = Retrieval.TestCase
TestRetrieval.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    # Without shrinking: each try makes a database, so a failure would take minutes to report.
    phases=(Phase.explicit, Phase.generate),
)
