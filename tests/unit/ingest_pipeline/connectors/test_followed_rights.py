"""Runs of a source take over who may read its files."""

import grp
from collections.abc import Callable

import pytest
from sqlalchemy import select

from ingest.connectors.errors import GroupUnknown
from retrieval.access import scope_for
from retrieval.tables import Acl, Document
from security.principal import Principal, Role
from security.tables import Group
from tests.unit.ingest_pipeline.connectors.conftest import TENANT, World

LEGAL = "1" * 32


@pytest.fixture
def followed(world: World, clock: Callable[[], object]) -> World:
    """A folder whose group is ours of the name Legal."""
    row = {"tenant_id": TENANT, "name": "Legal", "source": "local", "created_at": clock()}
    with world.database.transaction() as session:
        session.add(Group(id=LEGAL, **row))
    world.folder.chmod(0o755)
    return world


def _groups(world: World) -> dict[str, str]:
    return {grp.getgrgid(world.folder.stat().st_gid).gr_name: "Legal"}


def _allowed(world: World) -> set[tuple[str, ...]]:
    with world.database.reading() as session:
        query = select(Acl.allow).join(Document, Document.acl_id == Acl.id)
        return {tuple(names) for names in session.scalars(query)}


def test_a_file_is_seen_by_its_group_from_the_first_moment_and_a_change_moves_the_row(
    followed: World, person: Callable[..., Principal], audited: Callable[[], list[str]]
) -> None:
    path = followed.folder / "a.txt"
    path.write_text("first")
    path.chmod(0o640)
    source = followed.connect(_groups(followed))
    followed.run(source, ready=False)
    assert _allowed(followed) == {(f"group:{LEGAL}",)}
    followed.make_ready()
    [before] = followed.rows()
    reader = person("reader", {followed.collection.id: Role.READER})
    assert not _sees(followed, reader)
    path.chmod(0o644)
    followed.run(source)
    [after] = followed.rows()
    assert (after.id, after.attempt, after.status) == (before.id, before.attempt, "ready")
    assert _sees(followed, reader)
    assert audited()[-2:] == ["document.permissions", "source.sync"]
    path.chmod(0o600)
    followed.run(source)
    assert _allowed(followed) == {()}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_changed_file_has_its_readers_before_it_is_ready(followed: World) -> None:
    path = followed.folder / "a.txt"
    path.write_text("first")
    source = followed.connect(_groups(followed))
    followed.run(source)
    path.write_text("second text")
    path.chmod(0o640)
    followed.run(source, ready=False)
    assert _allowed(followed) == {(f"group:{LEGAL}",)}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_is_as_it_was_changes_nothing(
    followed: World, audited: Callable[[], list[str]]
) -> None:
    (followed.folder / "a.txt").write_text("first")
    source = followed.connect(_groups(followed))
    followed.run(source)
    before = len(audited())
    followed.run(source)
    assert len(audited()) == before


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_group_that_is_not_there_is_refused_when_it_is_named(followed: World) -> None:
    with pytest.raises(GroupUnknown):
        followed.connect({"any": "Absent"})


def _sees(world: World, principal: Principal) -> bool:
    with world.database.reading() as session:
        return bool(world.documents.page(session, scope_for(session, principal)).items)
