"""Documents that are ready although something of them was not read."""

from dataclasses import replace
from typing import BinaryIO

import pytest

from ingest.blocks import ParsedDocument
from ingest.errors import ParserTimedOut, RetryRefused
from ingest.omissions import Omission
from ingest.pipeline.progress import Work
from ingest.sandbox.jobs import OnPage
from ingest.states import text_blob
from ingest.sweep import OrphanSweep
from retrieval.access import scope_for
from tests.unit.ingest_pipeline.test_steps import WORDS, Line, line, parse

__all__ = ["line"]

UNREAD = (Omission("pages", "parser_timed_out", 261, ((3, 3), (41, 300))),)


def partly(
    source: BinaryIO, media_type: str, *, on_page: OnPage, earlier: ParsedDocument | None = None
) -> ParsedDocument:
    return replace(parse(source, media_type, on_page=on_page), omissions=UNREAD)


def test_what_was_not_read_is_shown_with_the_document(line: Line) -> None:
    work = line.upload()
    line.parse = partly
    line.run(work)
    with line.database.reading() as session:
        view = line.documents.get(session, scope_for(session, line.owner), work.document_id)
    [shown] = view.omissions
    assert (view.status, shown.part, shown.count) == ("ready", "pages", 261)
    assert shown.pages == ((3, 3), (41, 300))
    assert (shown.code, shown.detail) == (ParserTimedOut.code, ParserTimedOut.message)


def test_it_may_be_read_again_and_is_not_found_meanwhile(line: Line) -> None:
    work = line.upload()
    line.parse = partly
    line.run(work)
    with line.database.transaction() as session:
        line.attempts.retry(session, line.owner, work.document_id)
    row = line.row(work)
    assert (row.status, row.omissions, line.changes()) == ("queued", None, 2)
    line.parse = parse
    line.run(Work(work.document_id, 2))
    assert (line.row(work).omissions, line.words(work)) == (None, WORDS.split())
    with line.database.transaction() as session, pytest.raises(RetryRefused):
        line.attempts.retry(session, line.owner, work.document_id)


def test_reading_again_is_told_what_was_read_before(line: Line) -> None:
    told: list[ParsedDocument | None] = []

    def remember(
        source: BinaryIO, media_type: str, *, on_page: OnPage, earlier: ParsedDocument | None = None
    ) -> ParsedDocument:
        told.append(earlier)
        return partly(source, media_type, on_page=on_page)

    work = line.upload()
    line.parse = remember
    line.run(work)
    with line.database.transaction() as session:
        line.attempts.retry(session, line.owner, work.document_id)
    line.run(Work(work.document_id, 2))
    first, second = told
    assert first is None
    assert second is not None
    assert (second.text, second.omissions) == (WORDS, UNREAD)


def test_what_was_read_before_but_is_damaged_is_read_again(line: Line) -> None:
    work = line.upload()
    line.parse = partly
    line.run(work)
    name = text_blob(work.document_id, 1)
    with line.blobs.open(name) as file:
        sealed = file.read()
    line.blobs.put(name, [sealed[:-1] + bytes([sealed[-1] ^ 1])])
    with line.database.transaction() as session:
        line.attempts.retry(session, line.owner, work.document_id)
    line.parse = parse
    line.run(Work(work.document_id, 2))
    assert line.row(work).status == "ready"


def test_erasing_leaves_nothing_of_any_reading(line: Line) -> None:
    work = line.upload()
    line.parse = partly
    line.run(work)
    with line.database.transaction() as session:
        line.attempts.retry(session, line.owner, work.document_id)
    line.run(Work(work.document_id, 2))
    assert len(list(line.blobs.names())) == 3
    line.delete(work)
    assert list(line.blobs.names()) == []


def test_what_was_read_is_kept_until_it_was_read_again(line: Line, clock) -> None:
    work = line.upload()
    line.parse = partly
    line.run(work)
    with line.database.transaction() as session:
        line.attempts.retry(session, line.owner, work.document_id)
    sweep = OrphanSweep(line.database, line.blobs, clock)
    assert sweep.run() + sweep.run() == 0
    line.run(Work(work.document_id, 2))
    assert sweep.run() + sweep.run() == 1
    assert text_blob(work.document_id, 1) not in line.blobs.names()
