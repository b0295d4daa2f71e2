"""What a source signs in with: sealed, never shown, and of use only for what it was given for."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.collections import CollectionService
from ingest.connectors.configuration import FolderConfig, S3Config
from ingest.connectors.errors import SecretMissing, SourceInvalid
from ingest.connectors.holding import Holding
from ingest.connectors.rows import SourceRows
from ingest.connectors.service import Change, SourceService
from ingest.connectors.settings import SourceSettings
from ingest.connectors.tables import Source
from ingest.views import CollectionView
from security.audit import AuditLog
from security.keyring import KeyRing
from security.principal import Principal
from storage.blobs import DiskBlobStore
from storage.database import Database

SECRET = "canary-4c1e"
BUCKET = S3Config(kind="s3", bucket="policies", access_key_id="AKIA")
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Desk:
    """An owner's work with sources, in one transaction."""

    def __init__(
        self, session: Session, keyring: KeyRing, service: SourceService, owner: Principal
    ) -> None:
        self._session = session
        self._rows = SourceRows(session, keyring, owner.tenant_id)
        self._service = service
        self._owner = owner

    def connect(self, collection: str) -> str:
        view = self._service.create(self._session, self._owner, collection, BUCKET, secret=SECRET)
        assert view.has_secret
        return view.id

    def change(self, source: str, change: Change) -> None:
        self._service.change(self._session, self._owner, source, change)

    def secret(self, source: str) -> str | None:
        return self._rows.secret(self._session.get_one(Source, source))


@pytest.fixture
def desk(
    database: Database,
    keyring: KeyRing,
    audit: AuditLog,
    blobs: DiskBlobStore,
    clock: Callable[[], datetime],
    collections: CollectionService,
    owner: Principal,
    collection: CollectionView,
) -> Iterator[Desk]:
    holding = Holding(keyring=keyring, blobs=blobs, audit=audit, clock=clock)
    service = SourceService(
        keyring=keyring,
        audit=audit,
        collections=collections,
        holding=holding,
        settings=SourceSettings(),
        clock=clock,
    )
    with database.transaction() as session:
        yield Desk(session, keyring, service, owner)


@on_sqlite
def test_a_secret_is_sealed_and_opens(
    desk: Desk, collection: CollectionView, database: Database
) -> None:
    source = desk.connect(collection.id)
    assert desk.secret(source) == SECRET
    for row in desk._session.execute(select(Source.__table__)):
        assert SECRET.encode() not in b"".join(v for v in row if isinstance(v, bytes))
        assert SECRET not in str([v for v in row if not isinstance(v, bytes)])


@on_sqlite
def test_patterns_change_without_it(desk: Desk, collection: CollectionView) -> None:
    source = desk.connect(collection.id)
    desk.change(source, Change(BUCKET.model_copy(update={"ignore": ("drafts/*",)})))
    assert desk.secret(source) == SECRET


@on_sqlite
@pytest.mark.parametrize(
    "elsewhere",
    [
        {"endpoint": "https://s3.evil.example"},
        {"bucket": "salaries"},
        {"prefix": "hr/"},
        {"region": "eu-west-1"},
        {"access_key_id": "AKIB"},
    ],
)
def test_it_is_not_carried_elsewhere(
    desk: Desk, collection: CollectionView, elsewhere: dict[str, str]
) -> None:
    source = desk.connect(collection.id)
    config = BUCKET.model_copy(update=elsewhere)
    with pytest.raises(SecretMissing):
        desk.change(source, Change(config))
    desk.change(source, Change(config, secret="another"))
    assert desk.secret(source) == "another"


@on_sqlite
def test_it_is_replaced_alone_and_goes_with_its_user(
    desk: Desk, collection: CollectionView
) -> None:
    source = desk.connect(collection.id)
    desk.change(source, Change(secret="newer"))
    assert desk.secret(source) == "newer"
    desk.change(source, Change(BUCKET.model_copy(update={"access_key_id": ""})))
    assert desk.secret(source) is None


def test_a_kind_without_a_secret_takes_none() -> None:
    with pytest.raises(SourceInvalid):
        FolderConfig(kind="folder", path="/srv").check_secret(SECRET)
