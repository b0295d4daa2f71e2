"""A database of made-up chunks of 150 words, for benchmarks that need many."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import numpy as np
from sqlalchemy.orm import Session

from retrieval.access import AccessScope, collection_principal, intern_acl
from retrieval.chunk_codec import ChunkRecord
from retrieval.chunks import add_chunks
from retrieval.corpus import Chunk
from retrieval.document_keys import document_owner
from retrieval.embedding.port import Embedder
from retrieval.lexical.analysis import terms
from retrieval.lexical.blind import BlindTokens
from retrieval.tables import READY, Collection, Document
from security.keyring import KeyRing
from security.places import Place
from storage.database import Database

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHUNKS_A_DOCUMENT = 20
WORDS_A_CHUNK = 150
DOCUMENTS_A_TRANSACTION = 200
SHARES = (1, 10, 100)  # percent of the documents that a scope sees


class SyntheticCorpus:
    """Documents of random words and vectors; one in a hundred is in the smallest scope."""

    def __init__(
        self, database: Database, keyring: KeyRing, embedder: Embedder, tenant_id: str
    ) -> None:
        self.database, self.keyring, self.embedder = database, keyring, embedder
        self.tenant_id = tenant_id
        self.random = np.random.default_rng(7)
        self.words = np.array([f"word{n}" for n in range(50_000)])
        self.collection = uuid4().hex
        with database.transaction() as session:
            keys = keyring.tenant(session, tenant_id)
            name = keys.fields.seal(Place("collections", self.collection, "name"), b"Synthetic")
            collection = Collection(
                id=self.collection,
                tenant_id=tenant_id,
                name=name,
                name_digest=self.collection,
                created_at=NOW,
            )
            session.add(collection)
            self.acls = {share: self._acl(session, share) for share in SHARES}
        blind = BlindTokens(keys.blind_token_key)
        self.tokens = [b"".join(blind.tokens(terms(word))) for word in self.words]

    def _acl(self, session: Session, share: int) -> int:
        """Intern a list for each share; who holds a role on the collection sees all of them."""
        allowed = [collection_principal(self.collection), f"share:{share}"]
        return intern_acl(session, self.tenant_id, allowed)

    def fill(self, chunks: int) -> None:
        documents = chunks // CHUNKS_A_DOCUMENT
        for start in range(0, documents, DOCUMENTS_A_TRANSACTION):
            with self.database.transaction() as session:
                for number in range(start, min(start + DOCUMENTS_A_TRANSACTION, documents)):
                    share = 1 if number % 100 == 0 else 10 if number % 10 == 0 else 100
                    self._add(session, self.acls[share])

    def scope(self, share: int) -> AccessScope:
        held = frozenset(acl for least, acl in self.acls.items() if least <= share)
        return AccessScope(self.tenant_id, held)

    def query(self) -> str:
        return " ".join(self.words[self._picks(8)])

    def _add(self, session: Session, acl_id: int) -> None:
        document_id = uuid4().hex
        cipher = self.keyring.create(session, self.tenant_id, document_owner(document_id))
        row = Document(
            id=document_id,
            tenant_id=self.tenant_id,
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
        add_chunks(session, self.tenant_id, document_id, cipher, list(self._records()))

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
