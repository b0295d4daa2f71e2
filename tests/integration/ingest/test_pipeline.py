"""Real worker processes, killed and stopped at every point: nothing is lost, nothing is doubled."""

import base64
import io
import math
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from retrieval.tables import ChunkRow, IndexChange
from tests.integration.ingest.worker_harness import (
    BATCH_CHUNKS,
    WAIT_SECONDS_MAX,
    World,
    finish,
    parse_plain,
    split,
)

PARAGRAPHS = 6
TEXT = "\n\n".join(
    f"Paragraph {n} tells of matter {n}. " + "It has quite a few words more. " * 5
    for n in range(PARAGRAPHS)
).encode()
PROCESSED = ["document.upload", "document.start", "document.ready"]
CANARY = "kanarienvogel-7f3a"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    world.create()
    yield world
    world.close()


def assert_complete(world: World, document_id: str, content: bytes = TEXT) -> None:
    """One set of chunks, the right ones, and one audit line for each state change."""
    expected = split(parse_plain(io.BytesIO(content), "text/plain"))
    row = world.row(document_id)
    assert (row.status, row.stage, row.progress) == ("ready", "ready", 100), world.log()
    assert row.chunk_count == len(expected) >= 1
    assert world.chunks(document_id) == list(expected)
    assert world.audited(document_id) == PROCESSED
    with world.database.reading() as session:
        changes = select(func.count()).where(IndexChange.document_id == document_id)
        assert session.scalar(changes) == 1


def test_killed_at_every_stage(world: World) -> None:
    document_id = world.upload(TEXT)
    batches = math.ceil(len(split(parse_plain(io.BytesIO(TEXT), ""))) / BATCH_CHUNKS)
    assert batches > 1
    # A process dies when parsing begins, one when chunking does, then each when it has stored one
    # more batch; then one at indexing, and the last just after the document became ready, before
    # the engine knows. A resumed process announces again the stages of the step it resumes.
    for stage in (1, 2, *[3] * batches, 3):
        assert world.run_killed(at=stage), world.log()
    assert not world.run_killed(at=2)
    assert world.row(document_id).status == "ready"
    world.upload(b"Another one, so that the last process has something to do.")
    world.run()
    assert_complete(world, document_id)
    assert set(world.workflows().values()) == {"SUCCESS"}


def test_killed_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    world = World(tmp_path, postgres_url)
    world.create()
    document_id = world.upload(TEXT)
    assert world.run_killed(at=4), world.log()
    world.run()
    assert_complete(world, document_id)
    world.close()


def test_a_document_that_kills_the_worker_is_given_up(world: World) -> None:
    other = b"Another document, which is harmless."
    deadly, harmless = world.upload(b"This one is deadly."), world.upload(other)
    arguments = ("--crashes-max", "2", "--parse", "deadly")
    deaths = 0
    while world.run_killed(*arguments):
        deaths += 1
        assert deaths <= 2, world.log()
    assert deaths == 2
    row = world.row(deadly)
    assert (row.status, row.error_code) == ("failed", "worker_crashed")
    assert world.audited(deadly) == ["document.upload", "document.start", "document.fail"]
    assert_complete(world, harmless, other)
    with world.database.transaction() as session:
        world.attempts.retry(session, world.owner, deadly)
    world.run("--crashes-max", "2")
    assert world.row(deadly).status == "ready"
    assert len(world.chunks(deadly)) == 1


def test_stopped_in_good_order_does_not_count_as_a_crash(world: World) -> None:
    document_id = world.upload(TEXT)
    world.run_stopped(4, "--crashes-max", "1")
    assert world.row(document_id).status == "processing"
    with world.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ChunkRow)) > 0
    world.run("--crashes-max", "1")
    assert_complete(world, document_id)


def test_another_worker_takes_over(world: World) -> None:
    document_id = world.upload(TEXT)
    assert world.run_killed("--name", "first", at=3), world.log()
    world.run("--name", "second")
    assert_complete(world, document_id)


def test_lost_engine_database(world: World) -> None:
    document_id = world.upload(TEXT)
    assert world.run_killed(at=3), world.log()
    for path in world.folder.glob("jobs.db*"):
        path.unlink()
    world.run()
    assert_complete(world, document_id)


def test_the_engine_rests_while_there_is_no_work(world: World) -> None:
    process = world.start("--idle-seconds", "0.1")
    try:
        for content in (TEXT, b"A document that comes after a rest."):
            rests = world.log().count("engine_stopped")
            document_id = world.upload(content)
            world.wait(process)
            assert_complete(world, document_id, content)
            wait_for_rest(world, rests)
        process.terminate()
        assert process.wait(WAIT_SECONDS_MAX) == 0, world.log()
    finally:
        finish(process)


def wait_for_rest(world: World, before: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while world.log().count("engine_stopped") == before:
        assert time.monotonic() < deadline, world.log()
        time.sleep(0.05)


def test_in_the_real_sandbox(world: World) -> None:
    document_id = world.upload(b"# Heading\n\nA paragraph of text.\n", "notes.md")
    world.run("--parse", "sandbox")
    assert world.row(document_id).status == "ready", world.log()
    assert "A paragraph of text." in world.chunks(document_id)[0].text


def test_no_text_and_no_name_outside_of_ciphertexts(world: World) -> None:
    """Also when parsing fails with an exception that carries the whole file."""
    text = f"{CANARY} stands in the text. ".encode() * 20
    good = world.upload(text, f"{CANARY}.txt")
    bad = world.upload(text + b"\xe9\n", f"{CANARY} 2.txt")
    assert world.run_killed(at=4), world.log()
    world.run()
    assert world.row(good).status == "ready"
    assert (world.row(bad).status, world.row(bad).error_code) == ("failed", "internal_error")
    assert "UnicodeDecodeError" in world.log()
    with world.database.transaction() as session:
        world.documents.delete(session, world.owner, good)
    assert sum(path.stat().st_size for path in files(world.folder)) > 100_000
    for path in files(world.folder):
        content = path.read_bytes()
        assert not [form for form in disguises(CANARY) if form in content], path


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def disguises(secret: str) -> list[bytes]:
    """The forms in which a text may lie in a file without being encrypted."""
    plain = secret.encode()
    shifted = [base64.b64encode(b"-" * n + plain)[4:-4] for n in range(3)]
    wide = [secret.encode("utf-16-le"), secret.encode("utf-16-be")]
    return [plain, plain.hex().encode(), *wide, *shifted]
