"""Store the passages of a data set as documents, cut and embedded as uploads are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from evaluation.datasets import Dataset, Passage
from ingest.blocks import Block, ParsedDocument
from ingest.chunking import chunk
from ingest.parsers.language import guess
from ingest.parsers.text import paragraphs
from retrieval.access import collection_principal, intern_acl
from retrieval.chunk_codec import ChunkRecord
from retrieval.chunks import add_chunks, content_digest
from retrieval.corpus import Chunk
from retrieval.document_keys import document_owner
from retrieval.embedding.port import Embedder
from retrieval.lexical.passages import blind_passage
from retrieval.tables import READY, Document
from security.keyring import KeyRing
from security.places import Place
from storage.database import Database

_BATCH: Final = 64

Progress = Callable[[int, int], None]
"""Called with the passages that are stored and all there are."""


@dataclass(frozen=True, slots=True)
class CorpusWriter:
    """Writes into one collection of one tenant; `uploader` is a user's id."""

    database: Database
    keyring: KeyRing
    embedder: Embedder
    tenant_id: str
    collection_id: str
    uploader: str
    clock: Callable[[], datetime]

    def write(self, dataset: Dataset, progress: Progress) -> None:
        """Store all passages, each as a document of the passage's id."""
        total = len(dataset.passages)
        for start in range(0, total, _BATCH):
            batch = dataset.passages[start : start + _BATCH]
            parsed = [as_document(passage) for passage in batch]
            chunks = [chunk(one, self.embedder.count_tokens) for one in parsed]
            vectors = iter(
                self.embedder.embed_passages([c.embedded_text for of in chunks for c in of])
            )
            with self.database.transaction(self.tenant_id) as session:
                acl = intern_acl(
                    session, self.tenant_id, [collection_principal(self.collection_id)]
                )
                for passage, document, of_passage in zip(batch, parsed, chunks, strict=True):
                    row = self._row(passage, document, acl, len(of_passage))
                    self._store(session, row, passage, of_passage, vectors)
            progress(min(start + _BATCH, total), total)

    def _store(
        self,
        session: Session,
        row: Document,
        passage: Passage,
        chunks: Sequence[Chunk],
        vectors: Iterator[NDArray[np.float32]],
    ) -> None:
        cipher = self.keyring.create(session, self.tenant_id, document_owner(row.id))
        row.name = cipher.seal(Place("documents", row.id, "name"), passage.id.encode())
        session.add(row)
        session.flush()
        keys = self.keyring.tenant(session, self.tenant_id)
        records = [
            ChunkRecord(
                chunk=one,
                content_digest=content_digest(keys, one),
                embedder=self.embedder.name,
                vector=next(vectors),
                tokens=blind_passage(keys, one),
            )
            for one in chunks
        ]
        add_chunks(session, self.tenant_id, row.id, cipher, records)

    def _row(self, passage: Passage, document: ParsedDocument, acl: int, chunks: int) -> Document:
        now, name = self.clock(), uuid4().hex
        return Document(
            id=name,
            tenant_id=self.tenant_id,
            collection_id=self.collection_id,
            acl_id=acl,
            content_digest=name,
            media_type="text/plain",
            size_bytes=len(passage.text.encode()),
            status=READY,
            stage=READY,
            progress=100,
            chunk_count=chunks,
            language=document.language,
            created_by=self.uploader,
            created_at=now,
            updated_at=now,
        )


def as_document(passage: Passage) -> ParsedDocument:
    """Return a passage as if it had been parsed: its title is a heading."""
    heading = (Block("heading", passage.title, level=1),) if passage.title else ()
    return ParsedDocument(
        title=passage.title or None,
        blocks=(*heading, *paragraphs(passage.text)),
        page_count=None,
        language=guess(passage.titled_text),
    )
