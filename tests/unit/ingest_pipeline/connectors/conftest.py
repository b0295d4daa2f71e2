"""A folder, a source of it, and what its owner sees."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from ingest.collections import CollectionService
from ingest.connectors.configuration import FolderConfig
from ingest.connectors.factory import Connectors
from ingest.connectors.holding import Holding
from ingest.connectors.service import SourceService, SourceView
from ingest.connectors.settings import SourceSettings
from ingest.connectors.sync import Run, SourceSync
from ingest.connectors.tables import Source
from ingest.pipeline.progress import Progress, Work
from ingest.service import DocumentService
from ingest.states import Status
from ingest.views import CollectionView
from retrieval.access import scope_for
from retrieval.tables import Document
from security.audit import AuditLog
from security.keyring import KeyRing
from security.principal import Principal, Role
from security.settings import OutboundSettings
from security.tables import Grant
from storage.blobs import DiskBlobStore
from storage.database import Database

TENANT = "default"


class World:
    """A folder, a source of it, and what its owner sees."""

    def __init__(self, **services: object) -> None:
        self.__dict__.update(services)

    database: Database
    documents: DocumentService
    holding: Holding
    sources: SourceService
    sync: SourceSync
    progress: Progress
    owner: Principal
    collection: CollectionView
    folder: Path

    def connect(self, groups: dict[str, str] | None = None) -> SourceView:
        config = FolderConfig(kind="folder", path=str(self.folder), groups=groups)
        with self.database.transaction() as session:
            return self.sources.create(session, self.owner, self.collection.id, config)

    def run(self, source: SourceView, *, ready: bool = True) -> str:
        with self.database.reading() as session:
            number = session.get_one(Source, source.id).run
        code = self.sync.run(Run(TENANT, source.id, number))
        if ready:
            self.make_ready()
        return code

    def make_ready(self) -> None:
        with self.database.reading() as session:
            query = select(Document).where(Document.status == Status.QUEUED)
            waiting = session.scalars(query).all()
        for row in waiting:
            self.progress.finish(Work(row.id, row.attempt))

    def names(self, *statuses: str) -> list[str]:
        with self.database.reading() as session:
            scope = scope_for(session, self.owner)
            items = self.documents.page(session, scope).items
            return sorted(one.name for one in items if one.status in (statuses or ("ready",)))

    def rows(self) -> list[Document]:
        with self.database.reading() as session:
            return list(session.scalars(select(Document)))

    def view(self, source: SourceView) -> SourceView:
        with self.database.reading() as session:
            return self.sources.get(session, self.owner, source.id)


@pytest.fixture
def world(
    tmp_path: Path,
    database: Database,
    keyring: KeyRing,
    audit: AuditLog,
    blobs: DiskBlobStore,
    clock: Callable[[], object],
    collections: CollectionService,
    documents: DocumentService,
    owner: Principal,
    collection: CollectionView,
) -> World:
    folder = tmp_path / "shared"
    folder.mkdir()
    with database.transaction() as session:
        session.add(
            Grant(
                id="g" * 32,
                tenant_id=TENANT,
                user_id=owner.user_id,
                role=Role.OWNER,
                created_at=clock(),
            )
        )
    settings = SourceSettings(
        folder_roots=(tmp_path,),
        settle_seconds_min=0,
        items_per_run_max=3,
        sources_per_collection_max=2,
    )
    holding = Holding(keyring=keyring, blobs=blobs, audit=audit, clock=clock)  # type: ignore[arg-type]
    shared = {"keyring": keyring, "audit": audit, "holding": holding, "clock": clock}
    connectors = Connectors(settings, OutboundSettings(), 10_000, clock, lambda _: False)  # type: ignore[arg-type]
    return World(
        database=database,
        documents=documents,
        holding=holding,
        owner=owner,
        collection=collection,
        folder=folder,
        sources=SourceService(collections=collections, settings=settings, **shared),  # type: ignore[arg-type]
        sync=SourceSync(database=database, documents=documents, connectors=connectors, **shared),  # type: ignore[arg-type]
        progress=Progress(database, audit, clock, on_ready=holding.settle),  # type: ignore[arg-type]
    )
