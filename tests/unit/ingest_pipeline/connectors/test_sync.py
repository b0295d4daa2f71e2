"""Runs of a source: documents follow it, readers never miss one, and failures are told in words."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from ingest.connectors.configuration import FolderConfig
from ingest.connectors.errors import FolderNotAllowed, SourcesFull
from ingest.connectors.holding import ACTOR
from ingest.connectors.service import Change
from ingest.connectors.sync import Run
from ingest.connectors.tables import Source, SourceItem
from retrieval.access import intern_acl
from retrieval.document_keys import document_owner
from retrieval.tables import Document
from security.erasure.ledger import stored_receipts
from security.erasure.receipt import verify_receipt
from security.errors import Forbidden, KeyDestroyed, NotFound
from security.keyring import KeyRing
from security.principal import Principal, Role
from security.tables import Grant, User
from tests.unit.ingest_pipeline.connectors.conftest import TENANT, World

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@on_sqlite
def test_files_become_documents_and_nothing_is_taken_twice(world: World) -> None:
    (world.folder / "a.txt").write_text("first")
    source = world.connect()
    assert world.run(source) == "done"
    assert world.names() == ["a.txt"]
    assert world.run(source) == "done"
    assert len(world.rows()) == 1
    view = world.view(source)
    assert (view.state, view.item_count, view.refused_count) == ("in_step", 1, 0)


def test_a_change_replaces_the_document_when_it_is_ready(world: World) -> None:
    (world.folder / "a.txt").write_text("first")
    source = world.connect()
    world.run(source)
    with world.database.transaction() as session:
        narrow = intern_acl(session, TENANT, [f"user:{world.owner.user_id}"])
        session.execute(update(Document).values(acl_id=narrow))
    [former] = world.rows()
    (world.folder / "a.txt").write_text("second text")
    world.run(source, ready=False)
    assert {row.status for row in world.rows()} == {"ready", "queued"}
    world.make_ready()
    [row] = world.rows()
    assert row.id != former.id
    assert row.status == "ready"
    assert row.acl_id == narrow


@on_sqlite
def test_only_the_newest_change_remains(world: World) -> None:
    source = world.connect()
    for text in ("first", "second", "third", "second", "first"):
        (world.folder / "a.txt").write_text(text)
        world.run(source, ready=text == "first")
        assert len(world.rows()) <= 2
    [row] = world.rows()
    assert row.status == "ready"


def test_deletions_are_followed(
    world: World, audited: Callable[[], list[str]], keyring: KeyRing
) -> None:
    (world.folder / "a.txt").write_text("first")
    source = world.connect()
    world.run(source)
    [document] = world.rows()
    (world.folder / "a.txt").unlink()
    world.run(source)
    assert world.rows() == []
    with world.database.reading() as session, pytest.raises(KeyDestroyed):
        keyring.cipher(session, TENANT, document_owner(document.id))
    assert audited()[-2:] == ["document.delete", "source.sync"]
    with world.database.reading() as session:
        [receipt] = stored_receipts(session, TENANT)
    erased = verify_receipt(receipt.text)
    assert (erased["kind"], erased["target"], erased["by"]) == ("document", document.id, ACTOR)
    assert [key["owner"] for key in erased["keys"]] == [document_owner(document.id)]
    assert erased["rows"]["documents"] == 1


def test_a_renamed_file_is_the_same_document(world: World) -> None:
    (world.folder / "a.txt").write_text("first")
    source = world.connect()
    world.run(source)
    [before] = world.rows()
    (world.folder / "a.txt").rename(world.folder / "b.txt")
    world.run(source)
    [row] = world.rows()
    assert row.id == before.id
    assert world.names() == ["b.txt"]


@on_sqlite
def test_a_copy_keeps_the_document_alive(world: World) -> None:
    for name in ("a.txt", "b.txt"):
        (world.folder / name).write_text("same")
    source = world.connect()
    world.run(source)
    (world.folder / "a.txt").unlink()
    world.run(source)
    assert world.names() == ["b.txt"]
    (world.folder / "b.txt").unlink()
    world.run(source)
    assert world.rows() == []


@on_sqlite
def test_what_somebody_uploaded_is_never_deleted(
    world: World, upload: Callable[..., object]
) -> None:
    upload(b"same", "mine.txt")
    (world.folder / "a.txt").write_text("same")
    source = world.connect()
    world.run(source)
    (world.folder / "a.txt").unlink()
    world.run(source)
    assert world.names() == ["mine.txt"]


@on_sqlite
def test_what_cannot_be_read_is_told_and_does_not_stop_the_rest(world: World) -> None:
    (world.folder / "a.txt").write_bytes(b"")
    (world.folder / "b.exe").write_bytes(b"MZ\x90\0" + bytes(200))
    (world.folder / "c.txt").write_text("fine")
    source = world.connect()
    world.run(source)
    world.run(source)
    view = world.view(source)
    assert world.names() == ["c.txt"]
    assert {(one.name, one.code) for one in view.refused} == {
        ("a.txt", "file_empty"),
        ("b.exe", "unsupported_type"),
    }


@on_sqlite
def test_a_run_takes_so_much_and_the_next_goes_on(world: World) -> None:
    for n in range(5):
        (world.folder / f"{n}.txt").write_text(f"text {n}")
    source = world.connect()
    world.run(source)
    assert len(world.rows()) == 3
    assert world.view(source).synced_at is None
    world.run(source)
    assert len(world.rows()) == 5
    assert world.view(source).state == "in_step"


@on_sqlite
def test_a_missing_folder_is_told_and_waited_for_longer_and_longer(world: World) -> None:
    source = world.connect()
    world.folder.rename(world.folder.with_name("gone"))
    waits = []
    for _ in range(3):
        assert world.run(source) == "folder_missing"
        view = world.view(source)
        with world.database.reading() as session:
            row = session.get_one(Source, source.id)
        assert view.state == "failing"
        assert view.error_detail == row.error_detail
        assert "not mounted" in (view.error_detail or "")
        waits.append(row.due_at)
    assert waits[2] - waits[1] > waits[1] - waits[0] > timedelta(seconds=60)


@on_sqlite
def test_a_source_ends_with_the_right_of_whom_it_acts_for(world: World) -> None:
    (world.folder / "a.txt").write_text("first")
    source = world.connect()
    with world.database.transaction() as session:
        session.execute(update(Grant).values(role=Role.EDITOR))
    assert world.run(source) == "source_forbidden"
    with world.database.transaction() as session:
        session.execute(update(User).values(deactivated_at=source.created_at))
    assert world.run(source) == "source_forbidden"
    assert world.rows() == []


@on_sqlite
def test_a_run_of_the_past_does_nothing(world: World) -> None:
    (world.folder / "a.txt").write_text("first")
    source = world.connect()
    with world.database.transaction() as session:
        world.sources.change(session, world.owner, source.id, Change(interval_seconds=3600))
    world.sync.run(Run(TENANT, source.id, 1))
    assert world.rows() == []


@on_sqlite
def test_a_paused_source_is_not_read(world: World) -> None:
    (world.folder / "a.txt").write_text("first")
    source = world.connect()
    with world.database.transaction() as session:
        world.sources.change(session, world.owner, source.id, Change(is_paused=True))
    world.run(source)
    assert world.rows() == []
    assert world.view(source).state == "paused"


@pytest.mark.parametrize("with_documents", [True, False])
def test_disconnecting_keeps_documents_unless_told(world: World, *, with_documents: bool) -> None:
    (world.folder / "a.txt").write_text("first")
    source = world.connect()
    world.run(source)
    with world.database.transaction() as session:
        world.sources.delete(session, world.owner, source.id, with_documents=with_documents)
    assert [row.source_id for row in world.rows()] == ([] if with_documents else [None])
    with world.database.reading() as session:
        assert session.scalars(select(SourceItem)).all() == []


@on_sqlite
def test_a_document_deleted_by_hand_does_not_come_back(world: World) -> None:
    (world.folder / "a.txt").write_text("first")
    source = world.connect()
    world.run(source)
    with world.database.transaction() as session:
        world.documents.delete(session, world.owner, world.rows()[0].id)
    world.run(source)
    assert world.rows() == []


@on_sqlite
def test_who_may_do_what(world: World, person: Callable[..., Principal]) -> None:
    source = world.connect()
    editor = person("editor", {world.collection.id: Role.EDITOR})
    reader = person("reader", {world.collection.id: Role.READER})
    stranger = person("stranger", {})
    config = FolderConfig(kind="folder", path=str(world.folder))
    with world.database.transaction() as session:
        world.sources.sync_now(session, editor, source.id)
        with pytest.raises(Forbidden):
            world.sources.create(session, editor, world.collection.id, config)
        with pytest.raises(Forbidden):
            world.sources.delete(session, editor, source.id, with_documents=False)
        with pytest.raises(Forbidden):
            world.sources.sources(session, reader, world.collection.id)
        with pytest.raises(NotFound):
            world.sources.get(session, stranger, source.id)


@on_sqlite
def test_each_change_of_a_source_is_on_record(
    world: World, audited: Callable[[], list[str]]
) -> None:
    source = world.connect()
    with world.database.transaction() as session:
        world.sources.change(session, world.owner, source.id, Change(interval_seconds=3600))
        world.sources.sync_now(session, world.owner, source.id)
        world.sources.delete(session, world.owner, source.id, with_documents=False)
    changes = ["create", "update", "start", "delete"]
    assert audited()[-4:] == [f"source.{change}" for change in changes]


@on_sqlite
def test_so_many_sources_and_only_open_folders(world: World) -> None:
    world.connect()
    world.connect()
    with pytest.raises(SourcesFull):
        world.connect()
    world.folder = Path("/etc")
    with world.database.transaction() as session:
        [first, _] = world.sources.sources(session, world.owner, world.collection.id)
        change = Change(FolderConfig(kind="folder", path="/etc"))
        with pytest.raises(FolderNotAllowed):
            world.sources.change(session, world.owner, first.id, change)


@on_sqlite
def test_no_path_or_name_is_stored_in_clear(world: World) -> None:
    (world.folder / "canary-7f3a.txt").write_text("text")
    world.run(world.connect())
    with world.database.reading() as session:
        for table in (Source, SourceItem):
            for row in session.execute(select(table.__table__)):
                assert b"canary" not in b"".join(v for v in row if isinstance(v, bytes))
                assert "shared" not in str([v for v in row if isinstance(v, str)])
