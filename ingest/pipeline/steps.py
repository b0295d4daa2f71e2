"""What is done with a document, step by step; each may run again after it was broken off."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from io import BufferedReader, BytesIO
from itertools import islice
from typing import BinaryIO, Protocol

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ingest.blocks import ParsedDocument
from ingest.errors import NoText, ParserCrashed, Superseded
from ingest.office import OfficeView
from ingest.omissions import stored
from ingest.origin import keep_origin
from ingest.pipeline.progress import Progress, Work
from ingest.placing import placed
from ingest.sandbox.wire import decode, encode_document
from ingest.states import Stage, content_blob, reading_progress, text_blob, view_blob
from retrieval.chunk_codec import ChunkRecord, open_body
from retrieval.chunks import add_chunks, content_digest, reusable_vectors
from retrieval.corpus import Chunk
from retrieval.document_keys import document_owner
from retrieval.embedding.port import Embedder
from retrieval.tables import ChunkRow, Document
from security.cipher import Cipher
from security.errors import DecryptionFailed
from security.keyring import KeyRing
from security.places import Place
from security.sealed_file import SealedFileReader, seal_file
from security.tenant_keys import TenantKeys
from storage.blobs import DiskBlobStore
from storage.errors import BlobMissing

Show = Callable[[BinaryIO, str], OfficeView | None]
"""Make a PDF to look at of a file of a media type, if there can be one."""
Split = Callable[[ParsedDocument], Sequence[Chunk]]
"""Cut a document into chunks, the same ones each time."""
Tokenize = Callable[[TenantKeys, Chunk], bytes]
"""Return a chunk's blind tokens, joined."""
OnStage = Callable[[Stage], None]
"""Called when a stage begins, and after each batch of it that was stored."""


class Parse(Protocol):
    """Parse a file of a media type; raises `ingest.errors.ParseError`, and what `on_page` raises.

    `on_page` is called with how many of how many scanned pages were read; those that were read when
    `earlier` was made of the file need not be.
    """

    def __call__(
        self,
        content: BinaryIO,
        media_type: str,
        /,
        *,
        on_page: Callable[[int, int], None],
        earlier: ParsedDocument | None = None,
    ) -> ParsedDocument:
        """Return the document; `content` is left open."""


class Interrupted(BaseException):
    """The worker stops. Nothing catches it, so the work counts as broken off, not as failed."""


class Steps:
    """The steps of the pipeline; every one takes ids and reloads the rest."""

    def __init__(
        self,
        *,
        progress: Progress,
        blobs: DiskBlobStore,
        keyring: KeyRing,
        embedder: Embedder,
        parse: Parse,
        split: Split,
        tokenize: Tokenize,
        batch_chunks: int,
        stop: threading.Event,
        on_stage: OnStage,
        show: Show = lambda _content, _media_type: None,
    ) -> None:
        self._progress = progress
        self._blobs = blobs
        self._keyring = keyring
        self._embedder = embedder
        self._parse = parse
        self._split = split
        self._tokenize = tokenize
        self._batch_chunks = batch_chunks
        self._stop = stop
        self._on_stage = on_stage
        self._show = show

    def parse(self, work: Work) -> None:
        """Read the file's text and store it, sealed.

        Raises:
            ParseError: the file cannot be read, or has no text.
            Superseded: see there; so do the other steps.
        """
        self._begin(work, Stage.PARSING)
        with self._progress.reading(work) as (session, row):
            cipher, media_type = self._cipher(session, row), row.media_type
        with self._open(cipher, content_blob(work.document_id)) as file:
            document = self._parse(
                file,
                media_type,
                on_page=partial(self._page_read, work),
                earlier=self._earlier(work, cipher),
            )
            if not document.text.strip():
                raise NoText
            file.seek(0)
            view = self._show(file, media_type)
        names = [text_blob(work.document_id, work.attempt)]
        if view is not None:
            document = placed(document, view.document)
            names.append(view_blob(work.document_id, work.attempt))
            self._seal(cipher, names[1], view.pdf)
        self._seal(cipher, names[0], encode_document(document))
        try:
            with self._progress.writing(work) as (session, row):
                row.page_count, row.language = document.page_count, document.language
                row.omissions = stored(document.omissions)
                keep_origin(session, self._keyring, cipher, row, document.origin)
        except Superseded:
            for name in names:
                self._blobs.delete(name)
            raise

    def embed(self, work: Work) -> None:
        """Cut the text into chunks and store them with their vectors, batch by batch.

        What an earlier run stored stays, as far as it is what this one would store. Readers do
        not see chunks of a document that is not ready.
        """
        self._begin(work, Stage.CHUNKING)
        with self._progress.reading(work) as (session, row):
            cipher = self._cipher(session, row)
        with self._open(cipher, text_blob(work.document_id, work.attempt)) as file:
            chunks = self._split(decode(file.read()))
        if not chunks:
            raise NoText
        self._begin(work, Stage.EMBEDDING)
        done = self._keep(work, cipher, chunks)
        for batch in _batches(chunks[done:], self._batch_chunks):
            self._check_stop()
            self._store(work, cipher, batch, len(chunks))
            self._on_stage(Stage.EMBEDDING)

    def publish(self, work: Work) -> None:
        """Make the document ready, for readers and indexes at once."""
        self._begin(work, Stage.INDEXING)
        self._progress.finish(work)
        self._on_stage(Stage.READY)

    def _earlier(self, work: Work, cipher: Cipher) -> ParsedDocument | None:
        """Return what the attempt before made of the file, if pages were missing from it."""
        try:
            with self._open(cipher, text_blob(work.document_id, work.attempt - 1)) as file:
                document = decode(file.read())
        except (BlobMissing, DecryptionFailed, ParserCrashed):  # it only saves reading again
            return None
        return document if any(one.pages for one in document.omissions) else None

    def _page_read(self, work: Work, done: int, total: int) -> None:
        self._check_stop()
        with self._progress.writing(work) as (_, row):
            row.progress = max(row.progress, reading_progress(done, total))
        self._on_stage(Stage.PARSING)

    def _begin(self, work: Work, stage: Stage) -> None:
        self._check_stop()
        self._progress.enter(work, stage)
        self._on_stage(stage)

    def _seal(self, cipher: Cipher, name: str, content: bytes) -> None:
        self._blobs.put(name, seal_file(cipher, Place("blobs", name, "content"), BytesIO(content)))

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise Interrupted

    def _cipher(self, session: Session, row: Document) -> Cipher:
        return self._keyring.cipher(session, row.tenant_id, document_owner(row.id))

    def _open(self, cipher: Cipher, blob: str) -> BinaryIO:
        place = Place("blobs", blob, "content")
        return BufferedReader(SealedFileReader(cipher, place, self._blobs.open(blob)))

    def _keep(self, work: Work, cipher: Cipher, chunks: Sequence[Chunk]) -> int:
        """Return how many of the stored chunks stay; those after the first that differs go."""
        with self._progress.writing(work) as (session, row):
            stored = session.execute(
                select(ChunkRow.ordinal, ChunkRow.embedder, ChunkRow.body)
                .where(ChunkRow.document_id == row.id)
                .order_by(ChunkRow.ordinal)
                .execution_options(yield_per=self._batch_chunks)
            )
            kept = 0
            for chunk, (ordinal, embedder, body) in zip(chunks, stored, strict=False):
                if embedder != self._embedder.name:
                    break
                if open_body(cipher, row.id, ordinal, body) != chunk:
                    break
                kept += 1
            stored.close()
            row.chunk_count = kept
            stale = (ChunkRow.document_id == row.id, ChunkRow.ordinal >= kept)
            session.execute(delete(ChunkRow).where(*stale))
        return kept

    def _store(self, work: Work, cipher: Cipher, batch: Sequence[Chunk], total: int) -> None:
        records = self._embedded(work, batch)
        with self._progress.writing(work) as (session, row):
            add_chunks(session, row.tenant_id, row.id, cipher, records)
            row.chunk_count = batch[-1].ordinal + 1
            self._progress.embedded(row, row.chunk_count, total)

    def _embedded(self, work: Work, batch: Sequence[Chunk]) -> list[ChunkRecord]:
        """Embed outside of any transaction: it takes seconds."""
        model = self._embedder
        with self._progress.reading(work) as (session, row):
            keys = self._keyring.tenant(session, row.tenant_id)
            digests = [content_digest(keys, chunk) for chunk in batch]
            known = reusable_vectors(session, self._keyring, row, digests, model.name)
        missing = {d: c for d, c in zip(digests, batch, strict=True) if d not in known}
        if missing:
            vectors = model.embed_passages([chunk.embedded_text for chunk in missing.values()])
            known |= dict(zip(missing, np.asarray(vectors), strict=True))
        return [
            ChunkRecord(chunk, digest, model.name, known[digest], self._tokenize(keys, chunk))
            for chunk, digest in zip(batch, digests, strict=True)
        ]


def _batches(chunks: Iterable[Chunk], size: int) -> Iterator[list[Chunk]]:
    remaining = iter(chunks)
    while batch := list(islice(remaining, size)):
        yield batch
