"""Work that was cancelled, or taken up again: an older attempt writes nothing any more."""

from typing import BinaryIO

from ingest.blocks import ParsedDocument
from ingest.errors import DocumentDamaged
from ingest.pipeline.progress import Work
from ingest.sandbox.jobs import OnPage
from ingest.states import text_blob
from retrieval.tables import Document
from tests.unit.ingest_pipeline.test_steps import WORDS, Line, _Calls, line

__all__ = ["line"]


def cancel(line: Line, work: Work) -> None:
    with line.database.transaction() as session:
        if session.get_one(Document, work.document_id).status != "failed":
            line.attempts.cancel(session, line.owner, work.document_id)


def test_cancelled_while_it_waits_nothing_is_done(line: Line) -> None:
    work = line.upload()
    cancel(line, work)
    assert line.runner.run("parse", line.steps.parse, work) == "superseded"
    assert (line.stages, len(list(line.blobs.names()))) == ([], 1)
    assert line.row(work).error_code == "cancelled"


def test_cancelled_while_scanned_pages_are_read_the_next_page_is_not(line: Line) -> None:
    work, read = line.upload(), []

    def scanned(
        source: BinaryIO, media_type: str, *, on_page: OnPage, earlier: ParsedDocument | None = None
    ) -> ParsedDocument:
        for done in (1, 2, 3):
            read.append(done)
            on_page(done, 3)
            cancel(line, work)
        raise AssertionError

    line.parse = scanned
    assert line.runner.run("parse", line.steps.parse, work) == "superseded"
    assert read == [1, 2]


def test_cancelled_while_it_is_embedded_the_next_batch_is_not(line: Line) -> None:
    work = line.upload()
    line.steps.parse(work)
    line.stages = _Calls(lambda _stage: cancel(line, work) if line.embedder.asked else None)
    assert line.runner.run("embed", line.steps.embed, work) == "superseded"
    row = line.row(work)
    assert (row.status, row.error_code, row.chunk_count) == ("failed", "cancelled", 3)
    assert line.changes() == 0
    with line.database.transaction() as session:
        line.attempts.retry(session, line.owner, work.document_id)
    line.stages = []
    line.run(Work(work.document_id, 2))
    assert (line.row(work).status, line.words(work)) == ("ready", WORDS.split())


def test_an_older_attempt_writes_nothing(line: Line) -> None:
    work = line.upload()
    line.progress.fail(work, DocumentDamaged())
    with line.database.transaction() as session:
        line.attempts.retry(session, line.owner, work.document_id)
    for step in (line.steps.parse, line.steps.embed, line.steps.publish):
        assert line.runner.run("step", step, work) == "superseded"
    assert line.row(work).status == "queued"
    line.run(Work(work.document_id, 2))
    assert line.row(work).status == "ready"
    assert text_blob(work.document_id, 2) in set(line.blobs.names())
