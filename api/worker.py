"""Wire and run an ingestion worker."""

import threading
from collections.abc import Sequence
from functools import partial

from api.key_holders import key_provider
from api.settings import Settings
from api.wiring import open_blobs, open_database, utc_now
from ingest.blocks import ParsedDocument
from ingest.chunking import chunk
from ingest.collections import CollectionService
from ingest.connectors.factory import Connectors
from ingest.connectors.holding import Holding
from ingest.connectors.sync import SourceSync
from ingest.office import OfficeViews
from ingest.sandbox import ParserSandbox
from ingest.service import DocumentService
from ingest.worker import Worker
from retrieval.corpus import Chunk
from retrieval.embedding.factory import create_embedder
from retrieval.embedding.port import Embedder
from retrieval.lexical.passages import blind_passage
from security.audit import AuditLog
from security.grants import Grants
from security.keyring import KeyRing
from storage.database import Database


def jobs_url(settings: Settings) -> str:
    """Where the workflow engine keeps its state: ids and codes only."""
    return settings.storage.database_url or f"sqlite:///{settings.data / 'jobs.db'}"


def run(settings: Settings, name: str, stop: threading.Event) -> None:
    """Process documents until `stop` is set.

    Side effects: lowers this process's priority; starts a parser process.
    """
    database = open_database(settings)
    keyring = KeyRing(key_provider(settings), utc_now)
    embedder = create_embedder(settings.embedding)
    audit = AuditLog(keyring, utc_now)
    with ParserSandbox() as sandbox:
        worker = Worker(
            database=database,
            jobs_url=jobs_url(settings),
            blobs=open_blobs(settings),
            keyring=keyring,
            audit=audit,
            embedder=embedder,
            parse=partial(sandbox.parse, limits=settings.parsing),
            show=OfficeViews(sandbox.parse, settings.parsing),
            split=partial(_split, embedder),
            tokenize=blind_passage,
            settings=settings.ingestion.model_copy(update={"name": name}),
            clock=utc_now,
            stop=stop,
            sources=_sources(settings, database, keyring, audit, stop),
        )
        worker.run()
    database.close()


def _sources(
    settings: Settings,
    database: Database,
    keyring: KeyRing,
    audit: AuditLog,
    stop: threading.Event,
) -> SourceSync:
    blobs = open_blobs(settings)
    collections = CollectionService(keyring, Grants(audit, utc_now), audit, utc_now)
    return SourceSync(
        database=database,
        keyring=keyring,
        audit=audit,
        documents=DocumentService(
            blobs=blobs,
            keyring=keyring,
            audit=audit,
            collections=collections,
            clock=utc_now,
            limits=settings.upload,
            archive=settings.parsing.archive,
        ),
        holding=Holding(keyring=keyring, blobs=blobs, audit=audit, clock=utc_now),
        connectors=Connectors(
            settings.sources,
            settings.security.outbound,
            settings.upload.upload_bytes_max,
            utc_now,
            stop.wait,
        ),
        clock=utc_now,
    )


def _split(embedder: Embedder, document: ParsedDocument) -> Sequence[Chunk]:
    return chunk(document, embedder.count_tokens)
