"""Writing a document's chunks, and finding vectors that need not be computed again."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from retrieval.changes import append_change
from retrieval.chunk_codec import ChunkRecord, open_vector, seal_body, seal_tokens, seal_vector
from retrieval.corpus import Chunk
from retrieval.document_keys import document_ciphers
from retrieval.tables import ChunkRow, Document
from security.cipher import Cipher
from security.errors import DecryptionFailed
from security.keyring import KeyRing
from security.tenant_keys import TenantKeys

_QUERY_DIGESTS_MAX = 500  # bound parameters in one statement


def content_digest(keys: TenantKeys, chunk: Chunk) -> str:
    """Return the keyed hash by which equal passages, headings included, are found."""
    return keys.digest("chunk", chunk.embedded_text.encode())


def add_chunks(
    session: Session,
    tenant_id: str,
    document_id: str,
    cipher: Cipher,
    records: Sequence[ChunkRecord],
) -> None:
    """Store chunks of a document that is not ready yet, so nobody finds them.

    Whoever makes the document ready calls `append_change`.
    """
    if records:
        rows = [_row(tenant_id, document_id, cipher, record) for record in records]
        session.execute(insert(ChunkRow), rows)


def delete_document(session: Session, tenant_id: str, document_id: str, *, at: datetime) -> bool:
    """Delete a document's row and chunks and tell the indexes; return whether it was there.

    The caller destroys its key and deletes its files.
    """
    session.execute(
        delete(ChunkRow).where(ChunkRow.tenant_id == tenant_id, ChunkRow.document_id == document_id)
    )
    gone = session.execute(
        delete(Document)
        .where(Document.tenant_id == tenant_id, Document.id == document_id)
        .returning(Document.id)
    ).first()
    if gone is None:
        return False
    append_change(session, tenant_id, document_id, at=at)
    return True


def reusable_vectors(
    session: Session,
    keyring: KeyRing,
    document: Document,
    digests: Sequence[str],
    embedder: str,
) -> dict[str, NDArray[np.float32]]:
    """Return, by content digest, vectors from this embedder that `document` may share.

    They come from documents that exactly the same people see: a vector's last bits depend on the
    passages that it was computed with, which must not be hidden ones. What is missing or cannot
    be opened any more has to be embedded.
    """
    found: dict[str, NDArray[np.float32]] = {}
    for start in range(0, len(digests), _QUERY_DIGESTS_MAX):
        wanted = digests[start : start + _QUERY_DIGESTS_MAX]
        found.update(_stored_vectors(session, keyring, document, wanted, embedder))
    return found


def _row(
    tenant_id: str, document_id: str, cipher: Cipher, record: ChunkRecord
) -> dict[str, object]:
    ordinal = record.chunk.ordinal
    return {
        "tenant_id": tenant_id,
        "document_id": document_id,
        "ordinal": ordinal,
        "content_digest": record.content_digest,
        "embedder": record.embedder,
        "body": seal_body(cipher, document_id, record.chunk),
        "vector": seal_vector(cipher, document_id, ordinal, record.vector),
        "tokens": seal_tokens(cipher, document_id, ordinal, record.tokens),
    }


def _stored_vectors(
    session: Session, keyring: KeyRing, document: Document, digests: Sequence[str], embedder: str
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield one vector for each digest that has a readable chunk."""
    seen_alike = (
        select(Document.id)
        .where(
            Document.id == ChunkRow.document_id,
            Document.acl_id == document.acl_id,
            Document.collection_id == document.collection_id,
        )
        .exists()
    )
    newest = (
        select(func.max(ChunkRow.id))
        .where(
            ChunkRow.tenant_id == document.tenant_id,
            ChunkRow.content_digest.in_(digests),
            ChunkRow.embedder == embedder,
            seen_alike,
        )
        .group_by(ChunkRow.content_digest)
    )
    columns = (ChunkRow.content_digest, ChunkRow.document_id, ChunkRow.ordinal, ChunkRow.vector)
    rows = session.execute(select(*columns).where(ChunkRow.id.in_(newest))).all()
    documents = [row.document_id for row in rows]
    ciphers = document_ciphers(session, keyring, document.tenant_id, documents)
    for row in rows:
        try:
            cipher = ciphers[row.document_id]
            vector = open_vector(cipher, row.document_id, row.ordinal, row.vector)
        except (KeyError, DecryptionFailed):
            continue
        yield row.content_digest, vector.astype(np.float32)
