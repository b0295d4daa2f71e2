"""A data folder with many made-up chunks, sealed as the product seals them, and three readers."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from api.first_start import prepare
from api.key_holders import key_provider
from api.settings import Settings
from api.wiring import open_database, tenant_id_of, utc_now
from benchmarks.scale_corpus import CHUNKS_A_DOCUMENT, SHARES, MadeDocument, Mixer, Source
from retrieval.access import collection_principal, intern_acl
from retrieval.chunk_codec import ChunkRecord
from retrieval.chunks import add_chunks
from retrieval.corpus import Chunk
from retrieval.document_keys import document_owner
from retrieval.embedding.port import Embedder
from retrieval.lexical.blind import BlindTokens
from retrieval.tables import READY, Collection, Document
from security.access_tokens import AccessTokens
from security.accounts import Accounts, principal_of
from security.audit import AuditLog
from security.keyring import KeyRing
from security.passwords import Passwords
from security.places import Place
from security.principal import Principal, Role, Verb
from security.tables import AccessToken, User

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
LISTS_A_SHARE: Final = 10
_DOCUMENTS_A_TRANSACTION: Final = 250


class Folder:
    """A data folder; reused when it is already filled."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self.settings = Settings(data=folder, admin_password="not a secret: " + "x" * 20)
        prepare(self.settings, lambda: None)
        self.database = open_database(self.settings)
        self.keyring = KeyRing(key_provider(self.settings), utc_now)
        self.embedder = embedder
        with self.database.reading() as session:
            self.tenant_id = tenant_id_of(session) or ""

    def fill(self, chunks: int, sources: list[Source]) -> int:
        """Add what is missing of `chunks`; return how many were added."""
        with self.database.transaction(self.tenant_id) as session:
            filled = session.scalar(select(func.count()).select_from(Document)) or 0
            blind = BlindTokens(self.keyring.tenant(session, self.tenant_id).blind_token_key)
            lists = self._lists(session)
        mixer, wanted = Mixer(sources, blind), chunks // CHUNKS_A_DOCUMENT
        for first in range(filled, wanted, _DOCUMENTS_A_TRANSACTION):
            end = min(first + _DOCUMENTS_A_TRANSACTION, wanted)
            with self.database.transaction(self.tenant_id) as session:
                for made in mixer.documents(first, end):
                    places = lists[made.share]
                    self._add(session, made, *places[made.number // 7 % len(places)])
        return max(0, wanted - filled) * CHUNKS_A_DOCUMENT

    def tokens(self) -> dict[int, str]:
        """Return a new access token of each reader, by the percentage that they see."""
        audit = AuditLog(self.keyring, utc_now)
        limits = self.settings.security
        issuing = AccessTokens(limits.access_tokens, audit, utc_now)
        found = {}
        with self.database.transaction(self.tenant_id) as session:
            for share in SHARES:
                reader = principal_of(session, self._reader(session, share))
                session.execute(delete(AccessToken).where(AccessToken.user_id == reader.user_id))
                issued = issuing.create(session, reader, "benchmark", [Verb.READ], 1)
                found[share] = issued.token
        return found

    def owner_token(self) -> str:
        """Return a new access token of the administrator."""
        audit = AuditLog(self.keyring, utc_now)
        issuing = AccessTokens(self.settings.security.access_tokens, audit, utc_now)
        with self.database.transaction(self.tenant_id) as session:
            name = self.settings.admin_name
            user_id = session.scalars(select(User.id).where(User.name == name)).one()
            session.execute(delete(AccessToken).where(AccessToken.user_id == user_id))
            owner = principal_of(session, user_id)
            return issuing.create(session, owner, "benchmark", [Verb.READ, Verb.UPLOAD], 1).token

    def _reader(self, session: Session, share: int) -> str:
        name = f"reader of {share} percent"
        known = session.scalar(select(User.id).where(User.name == name))
        if known is not None:
            return known
        passwords = Passwords(self.settings.security.passwords)
        accounts = Accounts(passwords, AuditLog(self.keyring, utc_now), utc_now)
        setup = Principal(self.tenant_id, "setup", "setup", {None: Role.OWNER})
        return accounts.create_user(session, setup, name, uuid4().hex, None).id

    def _lists(self, session: Session) -> dict[int, list[tuple[int, str]]]:
        """Intern the permission lists of each share, each in a collection of its own."""
        readers = {share: f"user:{self._reader(session, share)}" for share in SHARES}
        found: dict[int, list[tuple[int, str]]] = {}
        for share in SHARES:
            admitted = [name for least, name in readers.items() if least >= share]
            for number in range(LISTS_A_SHARE):
                collection = self._collection(session, f"{share} percent, {number}")
                allowed = [collection_principal(collection), *admitted]
                acl = intern_acl(session, self.tenant_id, allowed)
                found.setdefault(share, []).append((acl, collection))
        return found

    def _collection(self, session: Session, name: str) -> str:
        digest = name.ljust(64)
        known = session.scalar(select(Collection.id).where(Collection.name_digest == digest))
        if known is not None:
            return known
        keys, collection_id = self.keyring.tenant(session, self.tenant_id), uuid4().hex
        sealed = keys.fields.seal(Place("collections", collection_id, "name"), name.encode())
        session.add(
            Collection(
                id=collection_id,
                tenant_id=self.tenant_id,
                name=sealed,
                name_digest=digest,
                created_at=NOW,
            )
        )
        session.flush()
        return collection_id

    def _add(self, session: Session, made: MadeDocument, acl_id: int, collection_id: str) -> None:
        document_id = UUID(int=made.number, version=4).hex
        cipher = self.keyring.create(session, self.tenant_id, document_owner(document_id))
        row = {
            "id": document_id,
            "tenant_id": self.tenant_id,
            "collection_id": collection_id,
            "acl_id": acl_id,
            "name": cipher.seal(Place("documents", document_id, "name"), b"report.txt"),
            "content_digest": document_id,
            "media_type": "text/plain",
            "size_bytes": sum(map(len, made.texts)),
            "status": READY,
            "stage": READY,
            "progress": 100,
            "chunk_count": len(made.texts),
            "language": made.language,
            "created_by": document_id,
            "created_at": NOW,
            "updated_at": NOW,
        }
        session.execute(insert(Document), [row])
        add_chunks(session, self.tenant_id, document_id, cipher, self._records(made))

    def _records(self, made: MadeDocument) -> list[ChunkRecord]:
        parts = zip(made.texts, made.tokens, made.vectors, strict=True)
        return [
            ChunkRecord(
                chunk=Chunk(ordinal, text, 0, len(text)),
                content_digest=uuid4().hex,
                embedder=self.embedder.name,
                vector=vector,
                tokens=tokens,
            )
            for ordinal, (text, tokens, vector) in enumerate(parts)
        ]

    def close(self) -> None:
        """Close the database."""
        self.database.close()
