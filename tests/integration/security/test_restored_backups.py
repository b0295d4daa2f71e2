"""What a restored backup brings back: never what was erased, unless its keys were kept too long."""

import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.cli.backup import KEY_TABLES
from retrieval.access import scope_for
from security.errors import BackupExpired, SecurityError
from security.key_store import KeyStore
from security.keys import FileKeyProvider
from storage.copies import copy_sqlite
from storage.database import Database
from tests.conftest import POSTGRES_BIN
from tests.erasure_world import Services, open_services

TENANT = "a" * 32
TEXT = "the text of a document"
Copy = Callable[[bool], str]


class Place:
    """A data folder with one document, one person, and one of each that is erased later."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.services = open_services(url, folder, FileKeyProvider.create(folder / "kek"))
        collection = self.services.create_tenant(TENANT)
        self.kept, self.erased = (
            self.services.add_document(TENANT, collection, f"{TEXT}, {name}")
            for name in ("kept", "erased")
        )
        self.person, self.gone = (
            self.services.add_person(TENANT, name) for name in ("staying", "going")
        )

    def store(self, services: Services | None = None) -> KeyStore:
        used = services or self.services
        provider = FileKeyProvider(self.folder / "kek")
        return KeyStore(used.database, provider, used.audit, used.clock)

    def key_backup(self) -> bytes:
        _, pieces = self.store().backup(30)
        return b"".join(pieces)

    def erase(self) -> None:
        with self.services.database.transaction(TENANT) as session:
            self.services.eraser.document(session, TENANT, self.erased, "operator")
            self.services.eraser.person(session, TENANT, self.gone, "operator")

    def readable(self, services: Services) -> set[str]:
        """Return which of the four can be read."""
        found = set()
        with services.database.reading(TENANT) as session:
            for document in (self.kept, self.erased):
                with suppress(SecurityError):
                    assert services.read_document(session, TENANT, document).startswith(TEXT)
                    found.add(document)
            for person in (self.person, self.gone):
                with suppress(SecurityError):
                    if services.read_person(session, TENANT, person):
                        found.add(person)
        return found

    @property
    def everything(self) -> set[str]:
        return {self.kept, self.erased, self.person, self.gone}

    @property
    def rest(self) -> set[str]:
        return {self.kept, self.person}


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Place]:
    folder = tmp_path / "data"
    folder.mkdir()
    if database_url.startswith("sqlite"):
        database_url = f"sqlite:///{folder / 'sourcebook.db'}"
    place = Place(database_url, folder)
    yield place
    place.services.database.close()


@pytest.fixture
def copy(
    place: Place, database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Copy]:
    """Back the database up, with its keys or without, into a new one; return that one's URL."""
    made: list[str] = []

    def sqlite(with_keys: bool) -> str:
        target = tmp_path / f"copy{with_keys}.db"
        without = () if with_keys else KEY_TABLES
        copy_sqlite(place.folder / "sourcebook.db", target, without)
        return f"sqlite:///{target}"

    def postgresql(with_keys: bool) -> str:
        cluster = request.getfixturevalue("postgres_cluster")
        name = f"copy{len(made)}{os.getpid()}"
        _statement(cluster, f"CREATE DATABASE {name}")
        made.append(name)
        left_out = [] if with_keys else [f"--exclude-table-data={table}" for table in KEY_TABLES]
        _dumped(database_url, f"{cluster}/{name}", left_out)
        return f"{cluster}/{name}"

    yield sqlite if database_url.startswith("sqlite") else postgresql
    for name in made:
        _statement(
            request.getfixturevalue("postgres_cluster"), f"DROP DATABASE {name} WITH (FORCE)"
        )


def _statement(cluster: str, statement: str) -> None:
    server = sa.create_engine(f"{cluster}/postgres", isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(statement))
    server.dispose()


def _dumped(source: str, target: str, left_out: list[str]) -> None:
    assert POSTGRES_BIN is not None
    source, target = (url.replace("+psycopg", "") for url in (source, target))
    dump = subprocess.run(
        [POSTGRES_BIN / "pg_dump", *left_out, source], capture_output=True, check=True
    )
    subprocess.run(
        [POSTGRES_BIN / "psql", "-q", "-v", "ON_ERROR_STOP=1", target],
        input=dump.stdout,
        stdout=subprocess.DEVNULL,
        check=True,
    )


@pytest.fixture
def restored(place: Place) -> Iterator[Callable[[str, Path], Services]]:
    """Open a restored database beside the blobs of its day, with the key-encryption key."""
    opened: list[Database] = []

    def open_copy(url: str, blobs: Path) -> Services:
        services = open_services(url, blobs, FileKeyProvider(place.folder / "kek"))
        opened.append(services.database)
        return services

    yield open_copy
    for database in opened:
        database.close()


def test_without_the_key_backup_nothing_comes_back_and_with_a_new_one_all_but_the_erased(
    place: Place,
    copy: Copy,
    restored: Callable[[str, Path], Services],
    tmp_path: Path,
) -> None:
    blobs = tmp_path / "old"
    shutil.copytree(place.folder / "blobs", blobs / "blobs")
    whole, bare, early = copy(True), copy(False), place.key_backup()
    place.erase()
    late = place.key_backup()
    assert place.readable(place.services) == place.rest

    # The rows are really in these copies: with the keys of that day they can be read.
    assert place.readable(restored(whole, blobs)) == place.everything

    services = restored(bare, blobs)
    assert place.readable(services) == set()
    with services.database.reading(TENANT) as session:
        assert session.scalar(sa.text("SELECT count(*) FROM chunks")) == 2
        assert session.scalar(sa.text("SELECT count(*) FROM wrapped_keys")) == 0
    place.store(services).restore(io.BytesIO(late))
    assert place.readable(services) == place.rest
    with services.database.reading(TENANT) as session:
        page = services.documents.page(session, scope_for(session, services.owner(TENANT)))
    assert [document.id for document in page.items] == [place.kept]

    # Within its days an early backup of keys still opens what was erased; after them it does not.
    services.clock.now += timedelta(days=31)
    with pytest.raises(BackupExpired):
        place.store(services).restore(io.BytesIO(early))
    assert place.readable(services) == place.rest


def test_a_receipt_keeps_keys_out_of_a_database_that_knows_it(place: Place) -> None:
    early = place.key_backup()
    place.erase()
    assert place.store().restore(io.BytesIO(early)) == 0
    with place.services.database.transaction(TENANT) as session:
        session.execute(
            sa.text("DELETE FROM wrapped_keys WHERE owner = :owner"),
            {"owner": f"document:{place.kept}"},
        )
    assert place.readable(place.services) == {place.person}
    assert place.store().restore(io.BytesIO(early)) == 1
    assert place.readable(place.services) == place.rest


def test_an_erased_tenant_gets_no_key_back(place: Place) -> None:
    early = place.key_backup()
    with place.services.database.transaction(TENANT) as session:
        place.services.eraser.tenant(session, TENANT, "operator")
    place.store().restore(io.BytesIO(early))
    assert place.readable(place.services) == set()
    with place.services.database.reading(TENANT) as session:
        for table in KEY_TABLES:
            assert session.scalar(sa.text(f"SELECT count(*) FROM {table}")) == 0
    assert not [path for path in (place.folder / "blobs").rglob("*") if path.is_file()]


def test_a_copy_holds_no_byte_of_a_wrapped_key(place: Place, tmp_path: Path) -> None:
    if place.services.database.is_postgresql:
        pytest.skip("a dump is made from rows")
    with place.services.database.reading(TENANT) as session:
        wrapped = [
            bytes(key)
            for table in KEY_TABLES
            for key in session.scalars(sa.text(f"SELECT wrapped FROM {table}"))
        ]
    target = tmp_path / "copy.db"
    copy_sqlite(place.folder / "sourcebook.db", target, KEY_TABLES)
    content = target.read_bytes()
    assert wrapped
    assert not [key for key in wrapped if key[18:42] in content]
    assert target.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        copy_sqlite(place.folder / "sourcebook.db", target, KEY_TABLES)
