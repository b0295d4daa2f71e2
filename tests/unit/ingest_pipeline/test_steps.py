"""The steps, one process, no engine: what they write, keep, skip and refuse to touch."""

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from ingest.attempts import Attempts
from ingest.blocks import Block, ParsedDocument
from ingest.collections import CollectionService
from ingest.errors import DocumentDamaged, NoText, SandboxUnavailable, Superseded
from ingest.office import OfficeView
from ingest.pipeline.progress import Progress, Work
from ingest.pipeline.runner import DONE, Runner
from ingest.pipeline.steps import Interrupted, Parse, Show, Steps
from ingest.sandbox.jobs import OnPage
from ingest.service import DocumentService
from ingest.states import Stage, view_blob
from retrieval.access import scope_for
from retrieval.chunk_codec import open_body, open_vector
from retrieval.corpus import Box, Chunk
from retrieval.document_keys import document_owner
from retrieval.tables import ChunkRow, Document, IndexChange
from security.audit import AuditLog
from security.errors import NotFound
from security.keyring import KeyRing
from security.principal import Principal
from storage.blobs import DiskBlobStore
from storage.database import Database

WORDS = "one two three four five six seven"


@dataclass
class CountingEmbedder:
    """A vector of its own for each text; remembers what it was asked for."""

    name: str = "counting@1"
    dimensions: int = 4
    passage_tokens_max: int = 512
    asked: list[str] = field(default_factory=list)

    def embed_passages(self, passages: Sequence[str]) -> NDArray[np.float32]:
        self.asked += passages
        return np.array([[len(text), 1, 2, 3] for text in passages], np.float32)

    embed_queries = embed_passages

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [1 for _ in texts]


def parse(source: BinaryIO, _media_type: str, *, on_page: OnPage, **_: Any) -> ParsedDocument:
    return ParsedDocument(None, (Block("text", source.read().decode(), page=3),), 3, "en")


def split(document: ParsedDocument) -> list[Chunk]:
    """One chunk a word."""
    chunks, start = [], 0
    for word in document.text.split():
        start = document.text.index(word, start)
        chunks.append(Chunk(len(chunks), word, start, start + len(word)))
    return chunks


@dataclass
class Line:
    """A pipeline and the document on it."""

    database: Database
    keyring: KeyRing
    blobs: DiskBlobStore
    progress: Progress
    documents: DocumentService
    attempts: Attempts
    owner: Principal
    embedder: CountingEmbedder = field(default_factory=CountingEmbedder)
    stop: threading.Event = field(default_factory=threading.Event)
    stages: list[Stage] = field(default_factory=list)
    parse: Parse = parse
    show: Show = lambda _content, _media_type: None

    @property
    def steps(self) -> Steps:
        return Steps(
            progress=self.progress,
            blobs=self.blobs,
            keyring=self.keyring,
            embedder=self.embedder,
            parse=self.parse,
            split=split,
            tokenize=lambda _keys, chunk: chunk.text.encode(),
            batch_chunks=3,
            stop=self.stop,
            on_stage=self.stages.append,
            show=self.show,
        )

    @property
    def runner(self) -> Runner:
        return Runner(self.progress, self.stop, retries_max=2, wait_seconds=0.001)

    def upload(self, text: str = WORDS) -> Work:
        with self.database.transaction() as session:
            source = io.BytesIO(text.encode())
            uploaded = self.documents.upload(session, self.owner, "Papers", "a.txt", source)
        return Work(uploaded.document.id, 1)

    def run(self, work: Work) -> None:
        for step in (self.steps.parse, self.steps.embed, self.steps.publish):
            step(work)

    def delete(self, work: Work) -> None:
        with self.database.transaction() as session:
            self.documents.delete(session, self.owner, work.document_id)

    def row(self, work: Work) -> Document:
        with self.database.reading() as session:
            return session.get_one(Document, work.document_id)

    def words(self, work: Work) -> list[str]:
        with self.database.reading() as session:
            cipher = self.keyring.cipher(session, "default", document_owner(work.document_id))
            rows = session.scalars(
                select(ChunkRow)
                .where(ChunkRow.document_id == work.document_id)
                .order_by(ChunkRow.ordinal)
            ).all()
        for row in rows:
            vector = open_vector(cipher, work.document_id, row.ordinal, row.vector)
            text = open_body(cipher, work.document_id, row.ordinal, row.body).text
            assert vector[0] == len(text)
        return [open_body(cipher, work.document_id, row.ordinal, row.body).text for row in rows]

    def changes(self) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(IndexChange)) or 0


@pytest.fixture
def line(
    *,
    database: Database,
    keyring: KeyRing,
    blobs: DiskBlobStore,
    audit: AuditLog,
    documents: DocumentService,
    attempts: Attempts,
    collections: CollectionService,
    owner: Principal,
    clock,
) -> Line:
    with database.transaction() as session:
        collections.create(session, owner, "Papers")
    progress = Progress(database, audit, clock)
    return Line(database, keyring, blobs, progress, documents, attempts, owner)


def test_all_steps(line: Line, audited) -> None:
    work = line.upload()
    line.run(work)
    row = line.row(work)
    assert (row.status, row.stage, row.progress) == ("ready", "ready", 100)
    assert (row.page_count, row.language, row.chunk_count) == (3, "en", 7)
    assert line.words(work) == WORDS.split()
    assert line.changes() == 1
    assert line.stages == ["parsing", "chunking", *["embedding"] * 4, "indexing", "ready"]
    assert audited()[-3:] == ["document.upload", "document.start", "document.ready"]
    with line.database.reading() as session:
        scope = scope_for(session, line.owner)
        assert line.documents.text(session, scope, work.document_id).blocks[0].text == WORDS


def test_hidden_until_published(line: Line) -> None:
    work = line.upload()
    line.steps.parse(work)
    line.steps.embed(work)
    row = line.row(work)
    assert (row.status, row.stage, row.progress) == ("processing", "embedding", 98)
    assert line.changes() == 0


def test_progress_grows_with_each_batch(line: Line) -> None:
    work, seen = line.upload(), []
    line.stages = _Calls(lambda _stage: seen.append(line.row(work).progress))
    line.run(work)
    assert seen == sorted(seen)
    assert seen[-1] == 100


def test_scanned_pages_count_as_progress_and_may_be_broken_off(line: Line) -> None:
    work, seen = line.upload(), []

    def scanned(source: BinaryIO, media_type: str, *, on_page: OnPage, **_: Any) -> ParsedDocument:
        for done in (1, 2, 3):
            on_page(done, 3)
            seen.append(line.row(work).progress)
        line.stop.set()
        on_page(3, 3)  # raises

    line.parse = scanned
    with pytest.raises(Interrupted):
        line.steps.parse(work)
    assert (seen, line.stages) == ([6, 10, 15], ["parsing"] * 4)


def test_every_step_may_run_again(line: Line, audited) -> None:
    work = line.upload()
    for step in (line.steps.parse, line.steps.embed):
        step(work)
        step(work)
    line.steps.publish(work)
    assert line.words(work) == WORDS.split()
    assert audited().count("document.start") == audited().count("document.ready") == 1


def test_resuming_embeds_only_what_is_missing(line: Line) -> None:
    work = line.upload()
    line.steps.parse(work)
    line.stages = _Calls(lambda _stage: line.stop.set() if line.embedder.asked else None)
    with pytest.raises(Interrupted):
        line.steps.embed(work)
    assert line.embedder.asked == ["one", "two", "three"]
    line.stop.clear()
    line.stages = []
    line.steps.embed(work)
    assert line.embedder.asked == WORDS.split()
    assert line.words(work) == WORDS.split()


def test_an_office_document_keeps_its_pdf_sealed(line: Line) -> None:
    place = Box(1, 0.1, 0.1, 0.9, 0.2)
    shown = ParsedDocument(None, (Block("text", WORDS, page=1, boxes=(place,)),), 1, "en")
    line.run(plain := line.upload("no view of this"))
    line.show = lambda _content, _media_type: OfficeView(b"%PDF-1.7 view", shown)
    line.run(work := line.upload())
    assert line.row(work).page_count == 1
    with line.blobs.open(view_blob(work.document_id, 1)) as sealed:
        assert b"%PDF" not in sealed.read()
    with line.database.transaction() as session:
        scope = scope_for(session, line.owner)
        with line.documents.view(session, scope, work.document_id)[1] as pdf:
            assert pdf.read() == b"%PDF-1.7 view"
        with pytest.raises(NotFound):
            line.documents.view(session, scope, plain.document_id)
        line.documents.delete(session, line.owner, work.document_id)
    assert {name[:32] for name in line.blobs.names()} == {plain.document_id}


def test_what_differs_is_written_anew(line: Line) -> None:
    work = line.upload()
    line.steps.parse(work)
    line.steps.embed(work)
    line.embedder = CountingEmbedder("another@1")
    line.steps.embed(work)
    assert line.embedder.asked == WORDS.split()
    assert line.words(work) == WORDS.split()
    with line.database.reading() as session:
        assert set(session.scalars(select(ChunkRow.embedder))) == {"another@1"}


def test_known_passages_are_not_embedded_again(line: Line) -> None:
    line.run(line.upload("one two three"))
    second = line.upload("three four one four")
    line.run(second)
    assert line.embedder.asked == ["one", "two", "three", "four"]
    assert line.words(second) == ["three", "four", "one", "four"]


@pytest.mark.parametrize("step", ["parse", "embed", "publish"])
def test_deleted_documents_are_left_alone(line: Line, step: str) -> None:
    work = line.upload()
    line.steps.parse(work)
    line.delete(work)
    with pytest.raises(Superseded):
        getattr(line.steps, step)(work)
    assert list(line.blobs.names()) == []


def test_deleted_while_it_is_parsed(line: Line) -> None:
    def delete_then_parse(
        source: BinaryIO, media_type: str, *, on_page: OnPage, **_: Any
    ) -> ParsedDocument:
        line.delete(work)
        return parse(source, media_type, on_page=on_page)

    work = line.upload()
    line.parse = delete_then_parse
    assert line.runner.run("parse", line.steps.parse, work) == "superseded"
    assert list(line.blobs.names()) == []


def test_deleted_while_it_is_embedded(line: Line) -> None:
    work = line.upload()
    line.steps.parse(work)
    line.stages = _Calls(lambda _stage: line.delete(work) if line.embedder.asked else None)
    assert line.runner.run("embed", line.steps.embed, work) == "superseded"
    with line.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ChunkRow)) == 0


def test_no_text(line: Line) -> None:
    work = line.upload("  \n ")
    with pytest.raises(NoText):
        line.steps.parse(work)


def test_a_typed_error_ends_the_attempt_in_words(line: Line, audited) -> None:
    def damaged(_source: BinaryIO, _media_type: str, **_: Any) -> ParsedDocument:
        raise DocumentDamaged

    work = line.upload()
    line.parse = damaged
    assert line.runner.run("parse", line.steps.parse, work) == "document_damaged"
    row = line.row(work)
    assert (row.status, row.error_code) == ("failed", "document_damaged")
    assert row.error_detail == DocumentDamaged.message
    assert audited()[-1] == "document.fail"


def test_what_nobody_expected_says_nothing_about_the_text(line: Line) -> None:
    def broken(_source: BinaryIO, _media_type: str, **_: Any) -> ParsedDocument:
        raise ValueError("secret words of the document")

    work = line.upload()
    line.parse = broken
    assert line.runner.run("parse", line.steps.parse, work) == "internal_error"
    assert "secret" not in (line.row(work).error_detail or "")


@pytest.mark.parametrize("outages", [1, 2])
def test_outages_are_waited_out(line: Line, outages: int) -> None:
    calls = _failing(outages)
    work = line.upload()
    line.parse = calls
    assert line.runner.run("parse", line.steps.parse, work) == DONE


def test_outages_are_not_waited_out_for_ever(line: Line) -> None:
    work = line.upload()
    line.parse = _failing(3)
    assert line.runner.run("parse", line.steps.parse, work) == "sandbox_unavailable"


def test_a_failure_while_stopping_is_not_believed(line: Line) -> None:
    def killed(_source: BinaryIO, _media_type: str, **_: Any) -> ParsedDocument:
        line.stop.set()
        raise DocumentDamaged

    work = line.upload()
    line.parse = killed
    with pytest.raises(Interrupted):
        line.runner.run("parse", line.steps.parse, work)
    assert line.row(work).status == "processing"


def test_a_stop_ends_the_wait_for_an_outage(line: Line) -> None:
    def busy(_work: Work) -> None:
        line.stop.set()
        raise OperationalError("SELECT", {}, RuntimeError("locked"))

    with pytest.raises(Interrupted):
        line.runner.run("busy", busy, line.upload())


def _failing(times: int) -> Callable[[BinaryIO, str], ParsedDocument]:
    outages: Iterator[None] = iter([None] * times)

    def run(source: BinaryIO, media_type: str, *, on_page: OnPage, **_: Any) -> ParsedDocument:
        for _ in outages:
            raise SandboxUnavailable
        return parse(source, media_type, on_page=on_page)

    return run


class _Calls(list[Stage]):
    """A list of stages that calls a function with each one."""

    def __init__(self, call: Callable[[Stage], object]) -> None:
        self._call = call

    def append(self, stage: Stage) -> None:
        self._call(stage)
