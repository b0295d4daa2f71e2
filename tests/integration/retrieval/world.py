"""A small corpus in a real database, with an embedder that needs no model."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import uuid4

import numpy as np
from sqlalchemy import delete

from retrieval.access import AccessScope, intern_acl
from retrieval.changes import append_change
from retrieval.chunk_codec import ChunkRecord
from retrieval.chunks import add_chunks, content_digest, delete_document
from retrieval.corpus import Box, Chunk
from retrieval.document_keys import document_owner
from retrieval.embedding.port import Vectors
from retrieval.index import CorpusIndex
from retrieval.labels import author_digest, author_place, tag_digest
from retrieval.lexical.analysis import terms
from retrieval.lexical.blind import BlindTokens
from retrieval.search import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.tables import ChunkRow, Collection, Document
from retrieval.tags import replace_tags
from security.cipher import Cipher
from security.keyring import KeyRing
from security.keys import EnvironmentKeyProvider
from security.places import Place
from security.tables import Tenant
from storage.database import Base, Database

DIMENSIONS = 16
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SETTINGS = RetrievalSettings(
    lexical_buffer_bytes=15_000_000, hits_max=1000, candidates_max=1000, compaction_share=0.1
)


def new_keyring() -> KeyRing:
    """Return the one key ring of these tests, as another process would have it."""
    secret = b64encode(hashlib.sha256(b"tests").digest()).decode()
    return KeyRing(EnvironmentKeyProvider(secret), lambda: NOW)


class HashEmbedder:
    """Texts that share words have similar vectors; nothing else is known of them."""

    name = "hash@1"
    dimensions = DIMENSIONS
    passage_tokens_max = 1000

    def embed_queries(self, queries: Sequence[str]) -> Vectors:
        return np.stack([_vector(query) for query in queries])

    def embed_passages(self, passages: Sequence[str]) -> Vectors:
        return np.stack([_vector(passage) for passage in passages])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def _vector(text: str) -> Vectors:
    seeds = [int.from_bytes(hashlib.sha256(word.encode()).digest()[:8]) for word in text.split()]
    rows = [np.random.default_rng(seed).standard_normal(DIMENSIONS) for seed in seeds]
    total = np.sum([np.ones(DIMENSIONS) / 100, *rows], axis=0)
    return (total / np.linalg.norm(total)).astype(np.float32)


class World:
    """Writes as the ingestion and the API do, each call in a transaction of its own."""

    def __init__(self, database: Database) -> None:
        Base.metadata.create_all(database.engine)
        self.database = database
        self.keyring = new_keyring()
        self.embedder = HashEmbedder()

    def tenant(self, tenant_id: str) -> str:
        with self.database.transaction() as session:
            session.add(Tenant(id=tenant_id, name=tenant_id, created_at=NOW))
            session.flush()
            self.keyring.create_tenant(session, tenant_id)
        return tenant_id

    def collection(self, tenant_id: str) -> str:
        collection_id = uuid4().hex
        with self.database.transaction() as session:
            name = self.keyring.tenant(session, tenant_id).fields.seal(
                Place("collections", collection_id, "name"), b"papers"
            )
            session.add(
                Collection(
                    id=collection_id,
                    tenant_id=tenant_id,
                    name=name,
                    name_digest=collection_id,
                    created_at=NOW,
                )
            )
        return collection_id

    def acl(self, tenant_id: str, *allow: str) -> int:
        with self.database.transaction() as session:
            return intern_acl(session, tenant_id, allow)

    def document(
        self,
        tenant_id: str,
        collection_id: str,
        acl_id: int,
        texts: Sequence[str],
        language: str | None = None,
    ) -> str:
        document_id = uuid4().hex
        with self.database.transaction() as session:
            cipher = self.keyring.create(session, tenant_id, document_owner(document_id))
            document = _document(document_id, tenant_id, collection_id, acl_id, cipher)
            document.language = language
            session.add(document)
            session.flush()
            records = self.records(tenant_id, texts)
            add_chunks(session, tenant_id, document_id, cipher, records)
            append_change(session, tenant_id, document_id, at=NOW)
        return document_id

    def records(self, tenant_id: str, texts: Sequence[str]) -> list[ChunkRecord]:
        with self.database.reading() as session:
            keys = self.keyring.tenant(session, tenant_id)
        blind = BlindTokens(keys.blind_token_key)
        records, start = [], 0
        for ordinal, text in enumerate(texts):
            box = Box(1, 0.1, 0.2, 0.3, 0.4)
            chunk = Chunk(ordinal, text, start, start + len(text), ("Part",), 1, (box,))
            start += len(text) + 2
            records.append(
                ChunkRecord(
                    chunk=chunk,
                    content_digest=content_digest(keys, chunk),
                    embedder=self.embedder.name,
                    vector=self.embedder.embed_passages([text])[0],
                    tokens=b"".join(blind.tokens(terms(chunk.embedded_text))),
                )
            )
        return records

    def replace(self, tenant_id: str, document_id: str, texts: Sequence[str]) -> None:
        records = self.records(tenant_id, texts)
        with self.database.transaction() as session:
            cipher = self.keyring.cipher(session, tenant_id, document_owner(document_id))
            session.execute(delete(ChunkRow).where(ChunkRow.document_id == document_id))
            add_chunks(session, tenant_id, document_id, cipher, records)
            append_change(session, tenant_id, document_id, at=NOW)

    def delete(self, tenant_id: str, document_id: str) -> bool:
        with self.database.transaction() as session:
            self.keyring.destroy(session, tenant_id, document_owner(document_id))
            return delete_document(session, tenant_id, document_id, at=NOW)

    def move(self, tenant_id: str, document_id: str, collection_id: str, acl_id: int) -> None:
        with self.database.transaction() as session:
            document = session.get_one(Document, document_id)
            document.collection_id, document.acl_id = collection_id, acl_id
            session.flush()
            append_change(session, tenant_id, document_id, at=NOW)

    def reparse(self, tenant_id: str, document_id: str, language: str | None) -> None:
        """Find another language in a document, as a new version of a parser may."""
        with self.database.transaction() as session:
            session.get_one(Document, document_id).language = language
            session.flush()
            append_change(session, tenant_id, document_id, at=NOW)

    def describe(
        self,
        tenant_id: str,
        document_id: str,
        *,
        media_type: str,
        dated_on: date,
        author: str | None,
        tags: Sequence[str],
    ) -> None:
        """Give a document properties; indexes are told nothing, as they hold none."""
        with self.database.transaction() as session:
            document = session.get_one(Document, document_id)
            cipher = self.keyring.cipher(session, tenant_id, document_owner(document_id))
            keys = self.keyring.tenant(session, tenant_id)
            document.media_type, document.dated_on = media_type, dated_on
            if author is not None:
                document.author = cipher.seal(author_place(document_id), author.encode())
                document.author_digest = author_digest(keys, author)
            labels = {tag_digest(keys, tag): tag for tag in tags}
            replace_tags(session, cipher, document, labels)

    def destroy_key(self, tenant_id: str, document_id: str) -> None:
        with self.database.transaction() as session:
            self.keyring.destroy(session, tenant_id, document_owner(document_id))
            append_change(session, tenant_id, document_id, at=NOW)

    def index(self, database: Database | None = None) -> CorpusIndex:
        """Return an unbuilt index, with a key ring and a database of its own where given."""
        return CorpusIndex(
            database or self.database,
            new_keyring(),
            embedder=self.embedder,
            settings=SETTINGS,
        )

    def retriever(self, index: CorpusIndex) -> Retriever:
        return Retriever(self.database, index, self.embedder, self.keyring, SETTINGS)


def scope(tenant_id: str, *acls: int, collections: frozenset[str] | None = None) -> AccessScope:
    return AccessScope(tenant_id, frozenset(acls), collections)


def _document(
    document_id: str, tenant_id: str, collection_id: str, acl_id: int, cipher: Cipher
) -> Document:
    return Document(
        id=document_id,
        tenant_id=tenant_id,
        collection_id=collection_id,
        acl_id=acl_id,
        name=cipher.seal(Place("documents", document_id, "name"), b"report.txt"),
        content_digest=document_id,
        media_type="text/plain",
        size_bytes=1,
        status="ready",
        stage="ready",
        created_by=uuid4().hex,
        created_at=NOW,
        updated_at=NOW,
    )
