"""A data folder with documents in it, and real worker processes that can be killed.

Run as a program this file is such a worker: everything is real but the embedding model, which
is a hash, and the kill, which the parent orders for the n-th stage that the process announces.
"""

import argparse
import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import create_engine, select, text

import ingest.tables  # noqa: F401 - its tables are created too
from ingest.attempts import Attempts
from ingest.blocks import Block, ParsedDocument
from ingest.chunking import chunk
from ingest.collections import CollectionService
from ingest.connectors.factory import Connectors
from ingest.connectors.holding import Holding
from ingest.connectors.settings import SourceSettings
from ingest.connectors.sync import SourceSync
from ingest.sandbox import ParserSandbox
from ingest.sandbox.jobs import OnPage
from ingest.service import DocumentService
from ingest.settings import ArchiveLimits, UploadLimits, WorkerSettings
from ingest.states import Stage
from ingest.worker import Worker
from retrieval.chunk_codec import open_body, open_vector
from retrieval.corpus import Chunk
from retrieval.document_keys import document_owner
from retrieval.tables import ChunkRow, Document
from security.audit import AuditLog
from security.audit.tables import AuditEntry
from security.grants import Grants
from security.keyring import KeyRing
from security.keys import FileKeyProvider
from security.principal import Principal, Role
from security.settings import OutboundSettings
from security.tables import Tenant, User
from security.tenant_keys import TenantKeys
from storage.blobs import DiskBlobStore
from storage.database import Base, Database

ROOT = Path(__file__).resolve().parents[3]
TENANT = "default"
BATCH_CHUNKS = 4
FINAL = {"ready", "failed"}
WAIT_SECONDS_MAX = 90


def utc_now() -> datetime:
    return datetime.now(UTC)


class HashEmbedder:
    """Vectors from hashes: equal texts have equal vectors, which is all that is asked here."""

    name = "hash@1"
    dimensions = 8
    passage_tokens_max = 512

    def embed_passages(self, passages: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self.vector(text) for text in passages])

    embed_queries = embed_passages

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def vector(self, text: str) -> NDArray[np.float32]:
        digest = hashlib.sha256(text.encode()).digest()[: self.dimensions]
        vector = np.frombuffer(digest, np.uint8).astype(np.float32) + 1
        return vector / np.linalg.norm(vector)


def parse_plain(source: BinaryIO, _media_type: str, **_progress: OnPage) -> ParsedDocument:
    """Read paragraphs without the sandbox, which takes seconds to start."""
    texts = source.read().decode().split("\n\n")
    blocks = tuple(Block("text", paragraph) for paragraph in texts)
    return ParsedDocument(None, blocks, None, "en")


def parse_deadly(source: BinaryIO, _media_type: str, **_progress: OnPage) -> ParsedDocument:
    """Die from a document that says so."""
    document = parse_plain(source, _media_type)
    if "deadly" in document.text:
        signal.raise_signal(signal.SIGKILL)
    return document


def split(document: ParsedDocument) -> Sequence[Chunk]:
    return chunk(document, HashEmbedder().count_tokens, tokens_max=40)


def tokenize(keys: TenantKeys, passage: Chunk) -> bytes:
    words = passage.text.split()
    return b"".join(keys.digest("word", word.encode()).encode()[:8] for word in words)


class World:
    """One data folder, its services, and an owner who uploads."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.folder = folder
        self.database_url = database_url or f"sqlite:///{folder / 'sourcebook.db'}"
        self.jobs_url = database_url or f"sqlite:///{folder / 'jobs.db'}"
        self.database = Database(self.database_url)
        key = folder / "kek"
        provider = FileKeyProvider(key) if key.exists() else FileKeyProvider.create(key)
        self.keyring = KeyRing(provider, utc_now)
        self.audit = AuditLog(self.keyring, utc_now)
        self.blobs = DiskBlobStore(folder / "blobs")
        grants = Grants(self.audit, utc_now)
        self.collections = CollectionService(self.keyring, grants, self.audit, utc_now)
        self.documents = DocumentService(
            blobs=self.blobs,
            keyring=self.keyring,
            audit=self.audit,
            collections=self.collections,
            clock=utc_now,
            limits=UploadLimits(),
            archive=ArchiveLimits(),
        )
        self.attempts = Attempts(self.audit, self.collections, utc_now, UploadLimits())
        self.owner = Principal(TENANT, "0" * 32, "owner", {None: Role.OWNER})

    def source_sync(self, internal: Sequence[str], stop: threading.Event) -> SourceSync:
        """Return what reads sources: folders of this one, and sites at `internal` origins."""
        outbound = OutboundSettings.model_validate({"internal_origins": internal})
        return SourceSync(
            database=self.database,
            keyring=self.keyring,
            audit=self.audit,
            documents=self.documents,
            holding=Holding(
                keyring=self.keyring, blobs=self.blobs, audit=self.audit, clock=utc_now
            ),
            connectors=Connectors(self.source_settings, outbound, 10_000, utc_now, stop.wait),
            clock=utc_now,
        )

    @property
    def source_settings(self) -> SourceSettings:
        return SourceSettings(
            folder_roots=(self.folder,), settle_seconds_min=0, page_wait_seconds_min=0
        )

    def create(self) -> None:
        """Make the tables, the tenant, the owner and the collection "Papers"."""
        Base.metadata.create_all(self.database.engine)
        with self.database.transaction() as session:
            session.add(Tenant(id=TENANT, name="Default", created_at=utc_now()))
            session.flush()
            self.keyring.create_tenant(session, TENANT)
            user = self.owner.user_id
            session.add(
                User(id=user, tenant_id=TENANT, name="o", password_hash="", created_at=utc_now())
            )
            self.collections.create(session, self.owner, "Papers")

    def upload(self, content: bytes, name: str = "a.txt") -> str:
        with self.database.transaction() as session:
            source = io.BytesIO(content)
            uploaded = self.documents.upload(session, self.owner, "Papers", name, source)
            return uploaded.document.id

    def row(self, document_id: str) -> Document:
        with self.database.reading() as session:
            row = session.get(Document, document_id)
            assert row is not None
            return row

    def chunks(self, document_id: str) -> list[Chunk]:
        """Open the stored chunks; each must carry the vector of its own text."""
        with self.database.reading() as session:
            cipher = self.keyring.cipher(session, TENANT, document_owner(document_id))
            query = select(ChunkRow).where(ChunkRow.document_id == document_id)
            chunks = []
            for row in session.scalars(query.order_by(ChunkRow.ordinal)):
                passage = open_body(cipher, document_id, row.ordinal, row.body)
                vector = open_vector(cipher, document_id, row.ordinal, row.vector)
                expected = HashEmbedder().vector(passage.embedded_text)
                np.testing.assert_allclose(vector, expected, atol=1e-3)
                chunks.append(passage)
            return chunks

    def audited(self, document_id: str) -> list[str]:
        query = select(AuditEntry.action).where(AuditEntry.target == document_id)
        with self.database.reading() as session:
            return list(session.scalars(query.order_by(AuditEntry.sequence)))

    def statuses(self) -> dict[str, str]:
        with self.database.reading() as session:
            return dict(session.execute(select(Document.id, Document.status)).all())

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a worker process; its output goes to `worker.log` in the folder."""
        self._listening.unlink(missing_ok=True)
        command = [sys.executable, __file__, str(self.folder), self.database_url, *arguments]
        with (self.folder / "worker.log").open("ab") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)}
            )

    def run_killed(self, *arguments: str, at: int = 0) -> bool:
        """Run a worker that dies: by its own hand at the n-th stage, from what it parses, or when
        there is nothing left to do. Return whether a document is left unfinished.
        """
        process = self.start("--kill-at", str(at), *arguments)
        try:
            self.wait(process)
        finally:
            finish(process)
        return not set(self.statuses().values()) <= FINAL

    def run_stopped(self, at: int, *arguments: str) -> None:
        """Run a worker that is told to stop at the n-th stage, and does so in good order."""
        process = self.start("--stop-at", str(at), *arguments)
        try:
            assert process.wait(WAIT_SECONDS_MAX) == 0, self.log()
        finally:
            finish(process)

    def run(self, *arguments: str) -> None:
        """Run a worker until all documents have come to an end, and stop it in good order."""
        process = self.start(*arguments)
        try:
            self.wait(process)
            process.terminate()
            assert process.wait(WAIT_SECONDS_MAX) == 0, self.log()
        finally:
            finish(process)

    def wait(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until nothing is unfinished, or the process is gone."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while process.poll() is None and not self._is_done():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def _is_done(self) -> bool:
        # A process that does not listen yet would not stop in good order.
        return self._listening.exists() and set(self.statuses().values()) <= FINAL

    @property
    def _listening(self) -> Path:
        return self.folder / "listening"

    def log(self) -> str:
        return (self.folder / "worker.log").read_text()

    def workflows(self) -> dict[str, str]:
        """Read the state of each workflow from the engine's SQLite file."""
        engine = create_engine(self.jobs_url)
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT workflow_uuid, status FROM workflow_status"))
            states = dict(rows.all())
        engine.dispose()
        return states

    def close(self) -> None:
        self.database.close()


def finish(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait(WAIT_SECONDS_MAX)


class SignalAt:
    """Sends a signal to this very process when the n-th stage is announced."""

    def __init__(self, countdown: int, number: signal.Signals) -> None:
        self._countdown = countdown
        self._number = number

    def __call__(self, _stage: Stage) -> bool:
        """Return whether the signal was sent just now."""
        self._countdown -= 1
        if self._countdown == 0:
            signal.raise_signal(self._number)
        return self._countdown == 0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("database_url")
    parser.add_argument("--kill-at", type=int, default=0)
    parser.add_argument("--stop-at", type=int, default=0)
    parser.add_argument("--crashes-max", type=int, default=1000)
    parser.add_argument("--name", default="worker")
    parser.add_argument("--idle-seconds", type=float, default=20)
    parser.add_argument("--parse", choices=["plain", "deadly", "sandbox"], default="plain")
    parser.add_argument("--internal-origin", action="append", default=[])
    given = parser.parse_args()
    url = given.database_url
    world = World(given.folder, None if url.startswith("sqlite") else url)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    (given.folder / "listening").touch()
    settings = WorkerSettings(
        name=given.name,
        crashes_max=given.crashes_max,
        embed_batch_chunks=BATCH_CHUNKS,
        poll_seconds=0.05,
        idle_seconds=given.idle_seconds,
        reconcile_seconds=0.5,
        heartbeat_seconds=0.2,
        lost_seconds_max=2,
        sources_poll_seconds=0.1,
        stop_seconds_max=5,
    )
    kill = SignalAt(given.kill_at, signal.SIGKILL)
    terminate = SignalAt(given.stop_at, signal.SIGTERM)

    def on_stage(stage: Stage) -> None:
        kill(stage)
        if terminate(stage):
            # Its handler runs in the main thread; until then this one would go on working.
            stop.wait(WAIT_SECONDS_MAX)

    with ParserSandbox() as sandbox:
        parsers = {"plain": parse_plain, "deadly": parse_deadly, "sandbox": sandbox.parse}
        Worker(
            database=world.database,
            jobs_url=world.jobs_url,
            blobs=world.blobs,
            keyring=world.keyring,
            audit=world.audit,
            embedder=HashEmbedder(),
            parse=parsers[given.parse],
            split=split,
            tokenize=tokenize,
            settings=settings,
            clock=utc_now,
            stop=stop,
            on_stage=on_stage,
            sources=world.source_sync(given.internal_origin, stop),
        ).run()
    world.close()


if __name__ == "__main__":
    main()
