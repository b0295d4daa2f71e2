"""Uploading, listing, reading, retrying and deleting documents."""

import io
from datetime import datetime
from typing import BinaryIO

import pytest
from sqlalchemy import func, select

from ingest.attempts import Attempts
from ingest.collections import CollectionService
from ingest.duplicates import SameContent
from ingest.errors import (
    EmptyFile,
    FileTooLarge,
    InvalidCursor,
    UnsupportedType,
)
from ingest.service import DocumentService
from ingest.views import CollectionView
from retrieval.access import intern_acl, scope_for
from retrieval.tables import Document
from security.errors import Forbidden, NotFound
from security.principal import Principal, Role
from security.tables import WrappedKey
from storage.blobs import DiskBlobStore
from storage.database import Database
from storage.errors import StorageFull


def count(database: Database, table: type) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_upload(
    *,
    database: Database,
    documents: DocumentService,
    blobs: DiskBlobStore,
    owner: Principal,
    collection: CollectionView,
    audited,
) -> None:
    with database.transaction() as session:
        source = io.BytesIO(b"hello world")
        uploaded = documents.upload(session, owner, "Papers", "../up/Über.txt", source)
    view = uploaded.document
    assert not uploaded.duplicate
    assert (view.name, view.media_type, view.size_bytes) == ("Über.txt", "text/plain", 11)
    assert (view.status, view.stage, view.progress, view.error) == ("queued", "queued", 0, None)
    assert view.collection_id == collection.id
    with database.reading() as session:
        scope = scope_for(session, owner)
        assert documents.get(session, scope, view.id) == view
        _, reader = documents.content(session, scope, view.id)
        row = session.get(Document, view.id)
        assert "Über".encode() not in row.name
    with reader:
        assert reader.size_bytes == 11
        reader.seek(6)
        assert reader.read() == b"world"
    with blobs.open(f"{view.id}.content") as sealed:
        assert b"hello" not in sealed.read()
    assert audited() == ["collection.create", "document.upload"]


def test_same_bytes_are_stored_once(
    *,
    database: Database,
    documents: DocumentService,
    collections: CollectionService,
    blobs: DiskBlobStore,
    owner: Principal,
    upload,
    audited,
) -> None:
    first = upload(b"hello", "a.txt")
    with database.transaction() as session:
        again = documents.upload(session, owner, "Papers", "b.txt", io.BytesIO(b"hello"))
        assert again.duplicate
        assert again.document == first
        collections.create(session, owner, "Others")
        elsewhere = documents.upload(session, owner, "Others", "a.txt", io.BytesIO(b"hello"))
        assert not elsewhere.duplicate
    assert len(list(blobs.names())) == 2
    assert audited().count("document.upload") == 2


def test_a_document_that_only_others_see_is_neither_found_again_nor_counted(
    database: Database, documents: DocumentService, person, collection: CollectionView, upload
) -> None:
    hidden = upload(b"hello")
    editor = person("editor", {collection.id: Role.EDITOR})
    with database.transaction() as session:
        others = intern_acl(session, editor.tenant_id, ["user:somebody"])
        session.get_one(Document, hidden.id).acl_id = others
    with database.transaction() as session:
        own = documents.upload(session, editor, collection.id, "mine.txt", io.BytesIO(b"hello"))
        assert not own.duplicate
        assert documents.page(session, scope_for(session, editor)).total == 1


def test_a_faster_upload_of_the_same_bytes_wins(
    *,
    database: Database,
    documents: DocumentService,
    blobs: DiskBlobStore,
    owner: Principal,
    upload,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on PostgreSQL, where the look-up may miss what another transaction is about to commit."""
    first = upload(b"hello")
    looks = iter([True])
    original = documents.upload.__globals__["same_content"]

    def late(*arguments: object) -> object:
        seen = original(*arguments)
        return SameContent(None, first_digest(seen)) if next(looks, False) else seen

    def first_digest(seen: SameContent) -> str:
        assert seen.document is not None
        return seen.document.content_digest

    monkeypatch.setitem(documents.upload.__globals__, "same_content", late)
    with database.transaction() as session:
        again = documents.upload(session, owner, "Papers", "b.txt", io.BytesIO(b"hello"))
    assert again.duplicate
    assert again.document.id == first.id
    assert list(blobs.names()) == [f"{first.id}.content"]
    assert count(database, WrappedKey) == 1


@pytest.mark.parametrize(
    ("content", "error", "status"),
    [
        (b"", EmptyFile, 422),
        (b"x" * 10_001, FileTooLarge, 413),
        (b"GIF89a" + b"\0" * 100, UnsupportedType, 415),
    ],
)
def test_refused_files(
    *,
    database: Database,
    blobs: DiskBlobStore,
    upload,
    content: bytes,
    error: type[Exception],
    status: int,
) -> None:
    with pytest.raises(error) as caught:
        upload(content)
    assert caught.value.status == status
    assert list(blobs.names()) == []
    assert count(database, Document) == 0


def test_reading_stops_at_the_limit(
    *, database: Database, documents: DocumentService, owner: Principal, collection: CollectionView
) -> None:
    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return b"x" * (size or 1)

    with database.transaction() as session, pytest.raises(FileTooLarge):
        documents.upload(session, owner, collection.id, "a.txt", Endless())


def test_rolled_back_upload_leaves_nothing(
    *,
    database: Database,
    documents: DocumentService,
    blobs: DiskBlobStore,
    owner: Principal,
    collection: CollectionView,
    audited,
) -> None:
    def fail() -> None:
        with database.transaction() as session:
            documents.upload(session, owner, collection.id, "a.txt", io.BytesIO(b"hello"))
            assert len(list(blobs.names())) == 1
            raise ConnectionError

    with pytest.raises(ConnectionError):
        fail()
    assert list(blobs.names()) == []
    assert count(database, Document) == count(database, WrappedKey) == 0
    assert audited() == ["collection.create"]


def test_full_disk(
    *, database: Database, blobs: DiskBlobStore, upload, monkeypatch: pytest.MonkeyPatch, audited
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr("storage.blobs.os.fsync", full)
    with pytest.raises(StorageFull):
        upload(b"hello")
    assert list(blobs.names()) == []
    assert count(database, Document) == 0
    assert audited() == ["collection.create"]


def test_upload_broken_off(
    *,
    database: Database,
    documents: DocumentService,
    blobs: DiskBlobStore,
    owner: Principal,
    collection: CollectionView,
) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError

    def send(source: BinaryIO) -> None:
        with database.transaction() as session:
            documents.upload(session, owner, collection.id, "a.txt", source)

    with pytest.raises(ConnectionResetError):
        send(Broken())
    assert list(blobs.names()) == []
    assert count(database, Document) == 0


def test_pages_follow_each_other(
    *, database: Database, documents: DocumentService, owner: Principal, upload
) -> None:
    ids = [upload(bytes([97 + n])).id for n in range(7)]
    seen, cursor, sizes = [], None, []
    with database.transaction() as session:
        scope = scope_for(session, owner)
        while True:
            page = documents.page(session, scope, cursor, limit=3)
            seen += [view.id for view in page.items]
            sizes.append(len(page.items))
            assert page.total == 7
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
    assert seen == ids[::-1]
    assert sizes == [3, 3, 1]


def test_equal_times_are_ordered_by_id(
    *, database: Database, documents: DocumentService, owner: Principal, clock, upload
) -> None:
    ids = [upload(bytes([97 + n])).id for n in range(4)]
    with database.transaction() as session:
        for row in session.scalars(select(Document)):
            row.created_at = datetime(2026, 1, 1, 1, 1, 1, 123457, tzinfo=clock.now.tzinfo)
    with database.reading() as session:
        scope = scope_for(session, owner)
        first = documents.page(session, scope, None, limit=2)
        second = documents.page(session, scope, first.next_cursor, limit=2)
    assert [view.id for view in first.items + second.items] == sorted(ids, reverse=True)
    assert second.next_cursor is None


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", "OTk5OTk5OTk5OTk5OTk5OTk5OTkuYQ=="])
def test_foreign_cursors(
    *, database: Database, documents: DocumentService, owner: Principal, cursor: str
) -> None:
    with database.reading() as session, pytest.raises(InvalidCursor):
        documents.page(session, scope_for(session, owner), cursor)


def test_strangers_see_nothing(
    *, database: Database, documents: DocumentService, attempts: Attempts, upload, person
) -> None:
    document = upload(b"hello")
    stranger = person("stranger", {"another": Role.OWNER})
    with database.transaction() as session:
        scope = scope_for(session, stranger)
        page = documents.page(session, scope)
        assert (page.items, page.total) == ([], 0)
        for use in (
            lambda: documents.get(session, scope, document.id),
            lambda: documents.content(session, scope, document.id),
            lambda: documents.text(session, scope, document.id),
            lambda: attempts.retry(session, stranger, document.id),
            lambda: documents.delete(session, stranger, document.id),
            lambda: documents.upload(session, stranger, "Papers", "a", io.BytesIO(b"a")),
        ):
            with pytest.raises(NotFound):
                use()


def test_readers_change_nothing(
    *,
    database: Database,
    documents: DocumentService,
    attempts: Attempts,
    collection: CollectionView,
    upload,
    person,
) -> None:
    document = upload(b"hello")
    reader = person("reader", {collection.id: Role.READER})
    with database.transaction() as session:
        for use in (
            lambda: attempts.retry(session, reader, document.id),
            lambda: documents.delete(session, reader, document.id),
            lambda: documents.delete_collection(session, reader, collection.id),
            lambda: documents.upload(session, reader, "Papers", "a", io.BytesIO(b"a")),
        ):
            with pytest.raises(Forbidden):
                use()
