"""A tenant with documents, people and conversations, for tests of what erasing leaves readable."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

import ingest.tables  # noqa: F401 - its tables are created too
from api.erasure import create_eraser
from ingest.collections import CollectionService
from ingest.service import DocumentService
from ingest.settings import ArchiveLimits, UploadLimits
from qa.answer import Answer, Timings, Usage
from qa.conversations import Conversations
from retrieval.access import scope_for
from retrieval.chunk_codec import ChunkRecord, open_body
from retrieval.chunks import add_chunks
from retrieval.corpus import Chunk
from retrieval.document_keys import document_owner
from retrieval.tables import ChunkRow
from security.accounts import Accounts
from security.audit import AuditLog
from security.erasure.ledger import ErasureLedger
from security.grants import Grants
from security.keyring import KeyRing
from security.keys import KeyProvider
from security.passwords import Passwords
from security.principal import Principal, Role
from security.settings import PasswordSettings
from security.tables import Tenant
from storage.blobs import DiskBlobStore
from storage.database import Base, Database

OWNER_ID = "f" * 32


class Clock:
    """Moves a second at each look, so that times order what happened."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class Services:
    """The services of one process on a database, a blob folder and a key-encryption key."""

    def __init__(self, database: Database, blobs: Path, provider: KeyProvider) -> None:
        clock = Clock()
        self.database, self.clock = database, clock
        self.keyring = KeyRing(provider, clock)
        self.audit = AuditLog(self.keyring, clock)
        self.blobs = DiskBlobStore(blobs)
        grants = Grants(self.audit, clock)
        self.collections = CollectionService(self.keyring, grants, self.audit, clock)
        self.documents = DocumentService(
            blobs=self.blobs,
            keyring=self.keyring,
            audit=self.audit,
            collections=self.collections,
            clock=clock,
            limits=UploadLimits(upload_bytes_max=10_000),
            archive=ArchiveLimits(),
        )
        self.conversations = Conversations(self.keyring, self.audit, clock)
        passwords = Passwords(PasswordSettings(memory_kib=8, passes=1, lanes=1))
        self.accounts = Accounts(passwords, self.audit, clock)
        self.eraser = create_eraser(self.keyring, self.audit, self.accounts, self.blobs, clock)
        self.ledger = ErasureLedger(self.keyring, clock)

    def owner(self, tenant_id: str) -> Principal:
        return Principal(tenant_id, OWNER_ID, "setup", {None: Role.OWNER})

    def create_tenant(self, tenant_id: str) -> str:
        """Make a tenant; return the id of its one collection."""
        with self.database.transaction(tenant_id) as session:
            session.add(Tenant(id=tenant_id, name=f"Tenant {tenant_id}", created_at=self.clock()))
            session.flush()
            self.keyring.create_tenant(session, tenant_id)
            owner = self.owner(tenant_id)
            for name in ("first", "second"):  # one owner is always left
                self.accounts.create_user(
                    session, owner, f"{name} {tenant_id}", "p" * 12, Role.OWNER
                )
            return self.collections.create(session, owner, f"Papers of {tenant_id}").id

    def add_document(self, tenant_id: str, collection: str, text: str) -> str:
        """Upload a file and store a passage of it; return the document's id."""
        owner = self.owner(tenant_id)
        with self.database.transaction(tenant_id) as session:
            source = io.BytesIO(text.encode())
            stored = self.documents.upload(session, owner, collection, f"{text}.txt", source)
            key = stored.document.id
            cipher = self.keyring.cipher(session, tenant_id, document_owner(key))
            record = ChunkRecord(
                chunk=Chunk(0, text, 0, len(text)),
                content_digest=uuid4().hex,
                embedder="none",
                vector=np.ones(4, np.float32),
                tokens=b"12345678",
            )
            add_chunks(session, tenant_id, key, cipher, [record])
        return key

    def add_person(self, tenant_id: str, name: str) -> str:
        """Create a reader who has asked a question; return the user's id."""
        with self.database.transaction(tenant_id) as session:
            owner = self.owner(tenant_id)
            user = self.accounts.create_user(session, owner, name, "p" * 12, Role.READER).id
            person = Principal(tenant_id, user, name, {None: Role.READER})
            talk = self.conversations.create(session, person, f"question of {name}")
            turn = self.conversations.append(session, person, talk, f"question of {name}")
            answer = Answer(turn, talk, f"answer to {name}", False, (), "m", Usage(), Timings())
            self.conversations.complete(session, person, answer)
            self.audit.record(
                session, tenant_id, user, "answer.ask", turn, details={"said": f"audit of {name}"}
            )
        return user

    def read_document(self, session: Session, tenant_id: str, document_id: str) -> str:
        """Open everything of a document: name, file, passage.

        Raises:
            SecurityError, NoResultFound, StorageError: one of them cannot be read.
        """
        scope = scope_for(session, self.owner(tenant_id))
        view, content = self.documents.content(session, scope, document_id)
        with content:
            text = content.read().decode()
        row = session.scalars(select(ChunkRow).where(ChunkRow.document_id == document_id)).one()
        cipher = self.keyring.cipher(session, tenant_id, document_owner(document_id))
        assert view.name == f"{text}.txt"
        assert open_body(cipher, document_id, row.ordinal, row.body).text == text
        return text

    def read_person(self, session: Session, tenant_id: str, user_id: str) -> list[str]:
        """Open every conversation of a person."""
        person = Principal(tenant_id, user_id, "", {None: Role.READER})
        scope = scope_for(session, person)
        talks = self.conversations.list(session, person)
        return [
            turn.answer.text
            for talk in talks
            for turn in self.conversations.get(session, person, scope, talk.id).turns
        ]


def open_services(url: str, folder: Path, provider: KeyProvider) -> Services:
    """Create all tables at `url` unless they are there, and wire the services."""
    database = Database(url)
    Base.metadata.create_all(database.engine)
    return Services(database, folder / "blobs", provider)
