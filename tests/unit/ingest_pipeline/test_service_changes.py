"""Deleting, retrying and reading documents."""

import io

import pytest
from sqlalchemy import func, select

from ingest.blocks import Block, ParsedDocument
from ingest.errors import NotReady
from ingest.sandbox.wire import encode_document
from ingest.service import DocumentService
from ingest.states import Status, text_blob
from ingest.views import CollectionView
from retrieval.access import scope_for
from retrieval.document_keys import document_owner
from retrieval.tables import Acl, ChunkRow, Collection, Document, IndexChange
from security.erasure.tables import ErasureReceipt
from security.errors import NotFound
from security.keyring import KeyRing
from security.places import Place
from security.principal import Principal
from security.sealed_file import seal_file
from security.tables import WrappedKey
from storage.blobs import DiskBlobStore
from storage.database import Database


def count(database: Database, table: type) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def keys(database: Database) -> list[str]:
    with database.reading() as session:
        return sorted(session.scalars(select(WrappedKey.owner)), reverse=True)


def test_delete(
    *,
    database: Database,
    documents: DocumentService,
    blobs: DiskBlobStore,
    owner: Principal,
    upload,
    audited,
) -> None:
    kept, gone = upload(b"kept"), upload(b"gone")
    blobs.put(text_blob(gone.id, 1), [b"sealed"])
    with database.transaction() as session:
        session.add(_chunk(gone.id))
    with database.transaction() as session:
        documents.delete(session, owner, gone.id)
        assert len(list(blobs.names())) == 3, "bytes go after the commit, not before"
    assert list(blobs.names()) == [f"{kept.id}.content"]
    assert count(database, Document) == count(database, ErasureReceipt) == 1
    assert keys(database) == ["tenant:receipts", f"document:{kept.id}"]
    assert count(database, ChunkRow) == 0
    with database.reading() as session:
        assert list(session.scalars(select(IndexChange.document_id))) == [gone.id]
        with pytest.raises(NotFound):
            documents.get(session, scope_for(session, owner), gone.id)
    assert audited()[-1] == "document.delete"


def test_rolled_back_delete_keeps_everything(
    *, database: Database, documents: DocumentService, owner: Principal, upload
) -> None:
    document = upload(b"hello")

    def fail() -> None:
        with database.transaction() as session:
            documents.delete(session, owner, document.id)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        fail()
    with database.reading() as session:
        _, reader = documents.content(session, scope_for(session, owner), document.id)
    with reader:
        assert reader.read() == b"hello"


def test_delete_collection(
    *,
    database: Database,
    documents: DocumentService,
    blobs: DiskBlobStore,
    owner: Principal,
    collection: CollectionView,
    upload,
    audited,
) -> None:
    for n in range(3):
        upload(bytes([97 + n]))
    with database.transaction() as session:
        documents.delete_collection(session, owner, collection.id)
    assert list(blobs.names()) == []
    assert keys(database) == ["tenant:receipts"]
    for table in (Document, Collection, Acl):
        assert count(database, table) == 0, table
    assert audited()[4:] == ["document.delete"] * 3 + ["collection.delete"]


def test_text(
    *,
    database: Database,
    documents: DocumentService,
    blobs: DiskBlobStore,
    keyring: KeyRing,
    owner: Principal,
    upload,
) -> None:
    document = upload(b"hello")
    blocks = (Block("heading", "Titel 标题", 1, 1), Block("text", "Body.", page=2))
    parsed = ParsedDocument("Titel", blocks, 2, "en")
    with database.transaction() as session:
        scope = scope_for(session, owner)
        with pytest.raises(NotReady):
            documents.text(session, scope, document.id)
        cipher = keyring.cipher(session, "default", document_owner(document.id))
        name = text_blob(document.id, 1)
        source = io.BytesIO(encode_document(parsed))
        blobs.put(name, seal_file(cipher, Place("blobs", name, "content"), source))
        session.get(Document, document.id).status = Status.READY
    with database.reading() as session:
        text = documents.text(session, scope, document.id)
    assert [parsed.text[view.start : view.end] for view in text.blocks] == ["Titel 标题", "Body."]
    assert [view.page for view in text.blocks] == [1, 2]


def _chunk(document_id: str) -> ChunkRow:
    return ChunkRow(
        tenant_id="default",
        document_id=document_id,
        ordinal=0,
        content_digest="d",
        embedder="e",
        body=b"",
        vector=b"",
        tokens=b"",
    )
