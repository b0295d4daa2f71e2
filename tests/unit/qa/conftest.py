"""A tenant with two people, a model that says what the test wrote, and search that finds it."""

import base64
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from model.backends.port import GenerationPiece, GenerationRequest
from qa.answer import Answer, CitationFound, Done, Event, Token
from qa.answer_cache import AnswerCache
from qa.conversations import Conversations
from qa.experiment import Experiment
from qa.service import AnswerService
from qa.settings import AnswerSettings
from retrieval.access import AccessScope, collection_principal, intern_acl
from retrieval.corpus import Box, Chunk, Hit
from retrieval.lexical.analysis import terms
from retrieval.tables import Collection, Document
from security.audit import AuditLog
from security.keyring import KeyRing
from security.keys import EnvironmentKeyProvider
from security.principal import Principal, Role
from security.tables import Tenant, User
from storage.database import Base, Database

TENANT = "default"
COLLECTION = "c" * 32
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class ScriptedGenerator:
    """Says the given text in pieces of a few characters; keeps what it was asked.

    What stands in `says_in_turn` is said first, a text for each request.
    """

    name = "scripted"
    context_tokens_max = 4096
    enforces_allowed = True

    def __init__(self) -> None:
        self.says = ""
        self.says_in_turn: list[str] = []
        self.finish_reason = "stop"
        self.requests: list[GenerationRequest] = []
        self.closed = 0
        self.before_piece: Callable[[int], None] = lambda number: None

    def count_tokens(self, text: str) -> int:
        return len(text) // 3

    def generate(
        self, request: GenerationRequest, cancelled: threading.Event | None = None
    ) -> Iterator[GenerationPiece]:
        self.requests.append(request)
        says = self.says_in_turn.pop(0) if self.says_in_turn else self.says
        try:
            for number, start in enumerate(range(0, len(says), 4)):
                self.before_piece(number)
                if cancelled is not None and cancelled.is_set():
                    yield GenerationPiece("", "cancelled", 100, number)
                    return
                yield GenerationPiece(says[start : start + 4])
            yield GenerationPiece("", self.finish_reason, 100, len(says))
        finally:
            self.closed += 1


class WordEmbedder:
    """Vectors of hashed words; like e5's, all of them lie within a cosine of 0.8 of each other."""

    name = "words"
    dimensions = 512
    passage_tokens_max = 512

    def embed_queries(self, queries: Sequence[str]) -> np.ndarray:
        rows = np.zeros((len(queries), self.dimensions), dtype=np.float32)
        for row, query in zip(rows, queries, strict=True):
            for term in terms(query):
                row[1 + zlib.crc32(term.encode()) % (self.dimensions - 1)] += 1
        rows *= np.sqrt(0.2) / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)
        rows[:, 0] = np.sqrt(0.8)
        return rows

    embed_passages = embed_queries

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(terms(text)) for text in texts]


class ScriptedRetriever:
    """Finds the given passages whatever is asked; keeps the queries and scopes."""

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.searches: list[tuple[AccessScope, str]] = []
        self.around: list[Chunk] = []

    def search(self, scope: AccessScope, query: str, limit: int) -> list[Hit]:
        self.searches.append((scope, query))
        return [] if scope.is_empty else self.hits[:limit]

    def neighbours(self, _scope: AccessScope, _hit: Hit, *, before: int, after: int) -> list[Chunk]:
        assert (before, after) == (1, 1)
        return self.around


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture
def generator() -> ScriptedGenerator:
    return ScriptedGenerator()


@pytest.fixture
def retriever() -> ScriptedRetriever:
    return ScriptedRetriever()


@pytest.fixture
def keyring() -> KeyRing:
    provider = EnvironmentKeyProvider(base64.b64encode(bytes(range(32))).decode())
    return KeyRing(provider, lambda: NOW)


@pytest.fixture
def audit(keyring: KeyRing) -> AuditLog:
    return AuditLog(keyring, lambda: NOW)


@pytest.fixture
def database(tmp_path: Path, keyring: KeyRing) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'sourcebook.db'}")
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(Tenant(id=TENANT, name="Default", created_at=NOW))
        session.flush()
        keyring.create_tenant(session, TENANT)
        for name in ("ann", "bob"):
            session.add(
                User(id=name, tenant_id=TENANT, name=name, password_hash="-", created_at=NOW)
            )
        session.add(
            Collection(id=COLLECTION, tenant_id=TENANT, name=b"-", name_digest="-", created_at=NOW)
        )
        intern_acl(session, TENANT, [collection_principal(COLLECTION)])
    yield database
    database.close()


@dataclass
class Shelf:
    """Puts documents of one passage where search finds them."""

    database: Database
    retriever: ScriptedRetriever
    texts: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        text: str,
        *,
        name: str = "paper.pdf",
        before: str = "Preface.\n\n",
        boxes: tuple[Box, ...] = (),
    ) -> str:
        document_id = f"{len(self.texts):032x}"
        self.texts[document_id] = f"{before}{text}\n\nThe end."
        chunk = Chunk(0, text, len(before), len(before) + len(text), page=3, boxes=boxes)
        rank = len(self.texts)
        self.retriever.hits.append(Hit(f"{document_id}.0", document_id, name, rank, chunk))
        with self.database.transaction() as session:
            session.add(self._row(document_id, intern_acl(session, TENANT, [_HOLDERS])))
        return document_id

    def remove(self, document_id: str) -> None:
        with self.database.transaction() as session:
            session.delete(session.get_one(Document, document_id))

    def _row(self, document_id: str, acl_id: int) -> Document:
        return Document(
            id=document_id,
            tenant_id=TENANT,
            collection_id=COLLECTION,
            acl_id=acl_id,
            name=b"-",
            content_digest=document_id,
            media_type="application/pdf",
            size_bytes=1,
            status="ready",
            stage="ready",
            created_by="ann",
            created_at=NOW,
            updated_at=NOW,
        )


_HOLDERS = collection_principal(COLLECTION)


@pytest.fixture
def shelf(database: Database, retriever: ScriptedRetriever) -> Shelf:
    return Shelf(database, retriever)


@pytest.fixture
def settings() -> AnswerSettings:
    return AnswerSettings()


@pytest.fixture
def cache() -> AnswerCache:
    """Keep nothing: most tests ask the same question of a model that says something else."""
    return AnswerCache(0)


@pytest.fixture
def experiment() -> Experiment | None:
    """Try nothing."""
    return None


@pytest.fixture
def service(
    database: Database,
    retriever: ScriptedRetriever,
    generator: ScriptedGenerator,
    embedder: WordEmbedder,
    keyring: KeyRing,
    audit: AuditLog,
    settings: AnswerSettings,
    cache: AnswerCache,
    experiment: Experiment | None,
    observed: list[Answer],
) -> AnswerService:
    ticks = count()
    return AnswerService(
        database=database,
        retriever=retriever,
        generator=generator,
        embedder=embedder,
        keyring=keyring,
        audit=audit,
        settings=settings,
        cache=cache,
        clock=lambda: NOW,
        timer=lambda: next(ticks) / 1000,
        experiment=experiment,
        observe=observed.append,
    )


@pytest.fixture
def observed() -> list[Answer]:
    """Collect what the service reports of its answers."""
    return []


@pytest.fixture
def conversations(keyring: KeyRing, audit: AuditLog) -> Conversations:
    return Conversations(keyring, audit, lambda: NOW)


@pytest.fixture
def ann() -> Principal:
    return Principal(TENANT, "ann", "ann", {COLLECTION: Role.READER})


@pytest.fixture
def bob() -> Principal:
    return Principal(TENANT, "bob", "bob", {COLLECTION: Role.READER})


@dataclass
class Asker:
    """Asks as Ann and checks what every answer must hold to."""

    service: AnswerService
    principal: Principal
    shelf: Shelf

    def events(self, question: str, **options: object) -> list[Event]:
        return list(self.service.answer(self.principal, question, **options))

    def __call__(self, question: str, **options: object) -> Answer:
        events = self.events(question, **options)
        assert isinstance(events[-1], Done)
        answer = events[-1].answer
        tokens = [event.text for event in events if isinstance(event, Token)]
        assert "".join(tokens) == answer.text
        found = [event.citation for event in events if isinstance(event, CitationFound)]
        assert tuple(found) == answer.citations
        for number, citation in enumerate(answer.citations, start=1):
            assert citation.number == number
            text = self.shelf.texts[citation.document_id]
            assert text[citation.start : citation.end] == citation.quote
        return answer


@pytest.fixture
def ask(service: AnswerService, ann: Principal, shelf: Shelf) -> Asker:
    return Asker(service, ann, shelf)
