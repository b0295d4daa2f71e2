"""Reading what the indexes are made of from the rows, opened with the documents' keys."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from retrieval.chunk_codec import VECTOR_TYPE, open_tokens, open_vector
from retrieval.document_keys import document_ciphers
from retrieval.lexical.passages import blind_name
from retrieval.scripts import Script, script_of
from retrieval.tables import READY, ChunkRow, Document
from retrieval.visibility import DocumentClass
from security.cipher import Cipher
from security.errors import DecryptionFailed
from security.keyring import KeyRing
from security.places import Place
from security.tenant_keys import TenantKeys

_Document = Row[str, str, str, int, str, str | None, bytes]
_Chunk = Row[str, int, int, str, bytes, bytes]
_BATCH_DOCUMENTS = 64


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """All that the indexes hold of a document.

    `tokens` has one entry for each of `chunk_ids`; `name_tokens` are those of the name.
    `vectors` has one row for each of `vector_ids`, those of the chunks that were embedded by the
    index's embedder.
    """

    document_id: str
    document_class: DocumentClass
    chunk_ids: Sequence[int]
    tokens: Sequence[bytes]
    vector_ids: NDArray[np.int64]
    vectors: NDArray[np.float16]
    name_tokens: bytes = b""


@dataclass(frozen=True, slots=True)
class Batch:
    """The present state of the `touched` documents; others than `documents` cannot be found.

    `unreadable` documents have rows, but their key was destroyed or a row was altered.
    """

    touched: Sequence[str]
    documents: Sequence[IndexedDocument] = ()
    unreadable: frozenset[str] = field(default_factory=frozenset)


class IndexRows:
    """Reads index rows for one embedder."""

    def __init__(self, keyring: KeyRing, embedder: str, dimensions: int) -> None:
        self._keyring = keyring
        self._embedder = embedder
        self._dimensions = dimensions

    def tenants(self, session: Session) -> list[str]:
        """List the tenants that have documents."""
        return list(session.scalars(select(Document.tenant_id).distinct()))

    def counts(self, session: Session, tenant_id: str) -> dict[Script, int]:
        """Count a tenant's chunks by script, as its documents know them."""
        query = (
            select(Document.language, func.sum(Document.chunk_count))
            .where(Document.tenant_id == tenant_id, Document.status == READY)
            .group_by(Document.language)
        )
        found = Counter[Script]()
        for language, chunks in session.execute(query):
            found[script_of(language)] += int(chunks)
        return dict(found)

    def batches(self, session: Session, tenant_id: str) -> Iterator[Batch]:
        """Read all of a tenant's ready documents, a batch at a time."""
        ready = select(Document.id).where(Document.tenant_id == tenant_id, Document.status == READY)
        return self.chosen(session, tenant_id, session.scalars(ready).all())

    def chosen(
        self, session: Session, tenant_id: str, document_ids: Sequence[str]
    ) -> Iterator[Batch]:
        """Read the given documents, a batch at a time."""
        for start in range(0, len(document_ids), _BATCH_DOCUMENTS):
            yield self.read(session, tenant_id, document_ids[start : start + _BATCH_DOCUMENTS])

    def read(self, session: Session, tenant_id: str, document_ids: Sequence[str]) -> Batch:
        """Read and open the present state of documents."""
        ready = _ready(session, tenant_id, document_ids)
        ciphers = document_ciphers(session, self._keyring, tenant_id, list(ready))
        if not ciphers:  # then the tenant may have no keys either
            return Batch(document_ids, unreadable=frozenset(ready))
        keys = self._keyring.tenant(session, tenant_id)
        chunks = _chunks(session, list(ready))
        documents, unreadable = [], set()
        for document_id, document in ready.items():
            rows = chunks.get(document_id, [])
            try:
                opened = self._opened(keys, ciphers[document_id], document, rows)
            except (KeyError, DecryptionFailed):
                unreadable.add(document_id)
            else:
                documents.append(opened)
        return Batch(document_ids, documents, frozenset(unreadable))

    def _opened(
        self,
        keys: TenantKeys,
        cipher: Cipher,
        document: _Document,
        rows: Sequence[_Chunk],
    ) -> IndexedDocument:
        document_id = document.id
        name = cipher.open(Place("documents", document_id, "name"), document.name)
        embedded = [row for row in rows if row.embedder == self._embedder]
        vectors = [open_vector(cipher, document_id, row.ordinal, row.vector) for row in embedded]
        return IndexedDocument(
            document_id=document_id,
            document_class=_class_of(document),
            chunk_ids=[row.id for row in rows],
            tokens=[open_tokens(cipher, document_id, row.ordinal, row.tokens) for row in rows],
            vector_ids=np.array([row.id for row in embedded], np.int64),
            vectors=np.array(vectors, VECTOR_TYPE).reshape(len(embedded), self._dimensions),
            name_tokens=blind_name(keys, name.decode()),
        )


def _ready(session: Session, tenant_id: str, document_ids: Sequence[str]) -> dict[str, _Document]:
    """Return those documents that are the tenant's and ready."""
    # Both are compared here: as conditions, they would make SQLite go through all documents that
    # are ready, and below through all chunks of the tenant, for each batch.
    columns = (Document.tenant_id, Document.status, Document.acl_id, Document.collection_id)
    query = select(Document.id, *columns, Document.language, Document.name)
    return {
        row.id: row
        for row in session.execute(query.where(Document.id.in_(document_ids)))
        if row.tenant_id == tenant_id and row.status == READY
    }


def _class_of(document: _Document) -> DocumentClass:
    return DocumentClass(document.acl_id, document.collection_id, script_of(document.language))


def _chunks(session: Session, document_ids: Sequence[str]) -> dict[str, list[_Chunk]]:
    query = (
        select(
            ChunkRow.document_id,
            ChunkRow.ordinal,
            ChunkRow.id,
            ChunkRow.embedder,
            ChunkRow.vector,
            ChunkRow.tokens,
        )
        .where(ChunkRow.document_id.in_(document_ids))
        .order_by(ChunkRow.document_id, ChunkRow.ordinal)
    )
    grouped: defaultdict[str, list[_Chunk]] = defaultdict(list)
    for row in session.execute(query):
        grouped[row.document_id].append(row)
    return grouped
