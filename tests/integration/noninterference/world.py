"""The product over HTTP in this process: real services, a hash for an embedder, no model."""

import io
import shutil
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from starlette.testclient import TestClient

from api.app import create_app
from api.first_start import prepare
from api.settings import Settings
from api.state import State
from api.wiring import build_state, open_blobs
from ingest.blocks import Block, ParsedDocument
from ingest.office import OfficeView
from ingest.pipeline.progress import Progress, Work
from ingest.pipeline.steps import Steps
from model.backends.port import GenerationPiece, GenerationRequest
from retrieval.corpus import Chunk
from retrieval.lexical.analysis import terms
from retrieval.lexical.passages import blind_passage
from storage.settings import StorageSettings

PASSWORD = "a long password for tests"
URL = "http://127.0.0.1:8000"
START = datetime(2100, 1, 1, tzinfo=UTC)  # or clients would drop the cookies as expired
UNHURRIED = ("per_user", "per_token", "per_tenant")  # the clock stands still: all in one minute
CHEAP = {
    "passwords": {"memory_kib": 8, "passes": 1, "lanes": 1},
    "rates": {f"requests_per_minute_{whose}": 1_000_000 for whose in UNHURRIED},
}


class WordEmbedder:
    """Vectors of hashed words, so that texts that share words are near to each other."""

    name = "words"
    dimensions = 64
    passage_tokens_max = 512

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        rows[:, 0] = 2
        for row, text in zip(rows, texts, strict=True):
            for term in terms(text):
                row[1 + zlib.crc32(term.encode()) % (self.dimensions - 1)] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    embed_passages = embed_queries

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


class Quoter:
    """Answers with the first passage that it is given, and cites it."""

    name = "quoter"
    context_tokens_max = 4096
    enforces_allowed = False

    def count_tokens(self, text: str) -> int:
        return len(text) // 4

    def generate(
        self, request: GenerationRequest, _cancelled: threading.Event | None = None
    ) -> Iterator[GenerationPiece]:
        quoted = request.drafts[0].splitlines()[0] if request.drafts else "NOT FOUND"
        prompt = sum(len(message.content) for message in request.messages)
        yield GenerationPiece(f"{quoted} [1]", "stop", prompt, len(quoted))

    def forget(self, tenant: str) -> None:
        pass

    def close(self) -> None:
        pass


class World:
    """One installation with an administrator, a reader "Bo" of one collection, and a closed one.

    `folder` is a copy of what `prepared` made, so that all worlds begin alike, ids included.
    """

    def __init__(self, folder: Path, stack: ExitStack, database_url: str | None = None) -> None:
        settings = _settings(folder, database_url)
        self._now = START
        self._next_id = ""
        stack.enter_context(patch("api.wiring.create_embedder", lambda _: WordEmbedder()))
        stack.enter_context(
            patch("ingest.service.uuid4", lambda: SimpleNamespace(hex=self._next_id))
        )
        app = create_app(
            settings, lambda metrics: build_state(settings, Quoter(), metrics, lambda: self._now)
        )
        self.admin = stack.enter_context(
            TestClient(app, base_url=URL, headers={"Origin": URL}, client=("127.0.0.1", 1))
        )
        self.bo = TestClient(app, base_url=URL, headers={"Origin": URL})
        for client, name in ((self.admin, "admin"), (self.bo, "Bo")):
            form = {"name": name, "password": PASSWORD}
            client.post("/v1/session", json=form).raise_for_status()
        self.state: State = app.state.sourcebook
        listed = self.admin.get("/v1/collections").raise_for_status().json()["items"]
        self.open, self.closed = (
            next(one["id"] for one in listed if one["name"] == name) for name in ("Open", "Closed")
        )
        self.user_id = str(self.bo.get("/v1/session").json()["user"]["id"])

    def upload(self, client: TestClient, key: str, text: str, collection: str) -> Any:
        """Upload a file that becomes the document `key`, a second after the one before."""
        self._next_id, self._now = key, self._now + timedelta(seconds=1)
        return client.post(
            "/v1/documents",
            data={"collection": collection},
            files={"file": (f"{key[:4]}.txt", io.BytesIO(text.encode()))},
        )

    def add(self, key: str, text: str, at: int) -> None:
        """Let Bo upload a document at second `at`, and process it."""
        self._now = START + timedelta(seconds=at)
        self.upload(self.bo, key, text, self.open).raise_for_status()
        self._process(key)

    def hide(self, key: str, text: str, at: int, *, closed: bool) -> bool:
        """Let the administrator upload what Bo does not see, beside Bo's documents or elsewhere.

        Returns: False where the administrator is told that it is there already.
        """
        self._now = START + timedelta(seconds=at)
        collection = self.closed if closed else self.open
        if self.upload(self.admin, key, text, collection).raise_for_status().status_code == 200:
            return False
        if not closed:
            lists = {"allow": [f"collection:{collection}"], "deny": [f"user:{self.user_id}"]}
            self.admin.put(f"/v1/documents/{key}/permissions", json=lists).raise_for_status()
        self._process(key)
        return True

    def tag(self, client: TestClient, key: str, *tags: str) -> None:
        wanted = {"tags": list(tags)}
        client.put(f"/v1/documents/{key}/tags", json=wanted).raise_for_status()

    def delete(self, key: str) -> None:
        self.admin.delete(f"/v1/documents/{key}").raise_for_status()

    def set_time(self, seconds: int) -> None:
        self._now = START + timedelta(seconds=seconds)

    def _process(self, key: str) -> None:
        work, steps = Work(key, 1), self._steps()
        for step in (steps.parse, steps.embed, steps.publish):
            step(work)

    def _steps(self) -> Steps:
        state = self.state
        return Steps(
            progress=Progress(state.database, state.audit, lambda: self._now),
            blobs=open_blobs(state.settings),
            keyring=state.keyring,
            embedder=state.embedder,
            parse=_parse,
            split=_split,
            tokenize=blind_passage,
            batch_chunks=4,
            stop=threading.Event(),
            on_stage=lambda _stage: None,
            show=_show,
        )


def prepared(folder: Path, database_url: str | None = None) -> None:
    """Make an installation with two collections and Bo, who edits in one of them."""
    settings = _settings(folder, database_url)
    prepare(settings, lambda: None, lambda: START)
    with ExitStack() as stack:
        stack.enter_context(patch("api.wiring.create_embedder", lambda _: WordEmbedder()))
        app = create_app(
            settings, lambda metrics: build_state(settings, Quoter(), metrics, lambda: START)
        )
        admin = stack.enter_context(TestClient(app, base_url=URL, headers={"Origin": URL}))
        form = {"name": "admin", "password": PASSWORD}
        admin.post("/v1/session", json=form).raise_for_status()
        made = [
            admin.post("/v1/collections", json={"name": name}).raise_for_status().json()["id"]
            for name in ("Open", "Closed")
        ]
        person = {"name": "Bo", "password": PASSWORD, "role": None}
        user = admin.post("/v1/users", json=person).raise_for_status().json()["id"]
        member = f"/v1/collections/{made[0]}/members/{user}"
        admin.put(member, json={"role": "editor"}).raise_for_status()


def copied(template: Path, folder: Path) -> Path:
    """Begin a world from a prepared one."""
    shutil.copytree(template, folder)
    return folder


def _settings(folder: Path, database_url: str | None) -> Settings:
    return Settings(
        data=folder,
        storage=StorageSettings(database_url=database_url),
        admin_password=PASSWORD,  # type: ignore[arg-type] - pydantic makes it a secret
        security=CHEAP,  # type: ignore[arg-type] - and this a section
    )


def _parse(source: BinaryIO, _media_type: str, **_: object) -> ParsedDocument:
    texts = source.read().decode().splitlines()
    return ParsedDocument(None, tuple(Block("text", text) for text in texts), None, "en")


def _show(source: BinaryIO, media_type: str) -> OfficeView:
    return OfficeView(b"%PDF-1.7", _parse(source, media_type))


def _split(document: ParsedDocument) -> list[Chunk]:
    """One chunk a line."""
    chunks, start = [], 0
    for block in document.blocks:
        start = document.text.index(block.text, start)
        chunks.append(Chunk(len(chunks), block.text, start, start + len(block.text)))
        start += len(block.text)
    return chunks
