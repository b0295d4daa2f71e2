"""A tenant with keys, people with roles, and the services, on both databases."""

import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

import ingest.tables  # noqa: F401 - its tables are created too
from ingest.attempts import Attempts
from ingest.collections import CollectionService
from ingest.service import DocumentService
from ingest.settings import ArchiveLimits, UploadLimits
from ingest.views import CollectionView, DocumentView
from security.audit import AuditLog
from security.audit.tables import AuditEntry
from security.grants import Grants
from security.keyring import KeyRing
from security.keys import FileKeyProvider
from security.principal import Principal, Role
from security.tables import Tenant, User
from storage.blobs import DiskBlobStore
from storage.database import Database

TENANT = "default"


class Clock:
    """Moves a second at each look, so that times order what happened."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keyring(tmp_path: Path, database: Database, clock: Clock) -> KeyRing:
    keyring = KeyRing(FileKeyProvider.create(tmp_path / "kek"), clock)
    with database.transaction() as session:
        session.add(Tenant(id=TENANT, name="Default", created_at=clock()))
        session.flush()
        keyring.create_tenant(session, TENANT)
    return keyring


@pytest.fixture
def audit(keyring: KeyRing, clock: Clock) -> AuditLog:
    return AuditLog(keyring, clock)


@pytest.fixture
def blobs(tmp_path: Path) -> DiskBlobStore:
    return DiskBlobStore(tmp_path / "blobs")


@pytest.fixture
def collections(keyring: KeyRing, audit: AuditLog, clock: Clock) -> CollectionService:
    return CollectionService(keyring, Grants(audit, clock), audit, clock)


@pytest.fixture
def documents(
    blobs: DiskBlobStore,
    keyring: KeyRing,
    audit: AuditLog,
    collections: CollectionService,
    clock: Clock,
) -> DocumentService:
    return DocumentService(
        blobs=blobs,
        keyring=keyring,
        audit=audit,
        collections=collections,
        clock=clock,
        limits=UploadLimits(upload_bytes_max=10_000),
        archive=ArchiveLimits(),
    )


@pytest.fixture
def attempts(audit: AuditLog, collections: CollectionService, clock: Clock) -> Attempts:
    return Attempts(audit, collections, clock, UploadLimits(retry_documents_max=2))


AddPerson = Callable[[str, Mapping[str | None, Role]], Principal]
Audited = Callable[[], list[str]]


@pytest.fixture
def person(database: Database, keyring: KeyRing, clock: Clock) -> AddPerson:
    """Add a user and return them with grants as if they were stored."""

    def add(name: str, grants: Mapping[str | None, Role]) -> Principal:
        key = name.ljust(32, "0")
        row = User(id=key, tenant_id=TENANT, name=name, password_hash="", created_at=clock())
        with database.transaction() as session:
            session.add(row)
        return Principal(tenant_id=TENANT, user_id=key, name=name, grants=grants)

    return add


@pytest.fixture
def owner(person: AddPerson) -> Principal:
    return person("owner", {None: Role.OWNER})


@pytest.fixture
def audited(database: Database) -> Audited:
    """Return the actions in the audit log, oldest first."""

    def read() -> list[str]:
        with database.reading() as session:
            return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.sequence)))

    return read


@pytest.fixture
def collection(
    database: Database, collections: CollectionService, owner: Principal
) -> CollectionView:
    with database.transaction() as session:
        return collections.create(session, owner, "Papers")


@pytest.fixture
def upload(
    database: Database, documents: DocumentService, owner: Principal, collection: CollectionView
) -> Callable[..., DocumentView]:
    def put(content: bytes, name: str = "a.txt") -> DocumentView:
        with database.transaction() as session:
            source = io.BytesIO(content)
            return documents.upload(session, owner, collection.id, name, source).document

    return put
