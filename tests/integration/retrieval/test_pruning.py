"""Which changes may go: a follower that begins anywhere must still learn all that it needs."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from retrieval.changes import Change, changes_since, last_sequence
from retrieval.pruning import delete_changes, superfluous_changes
from retrieval.tables import IndexChange, VectorPosition
from storage.database import Database
from storage.row_security import ALL_TENANTS
from tests.integration.retrieval.world import NOW, World

LATER = NOW + timedelta(days=1)


def test_of_a_document_that_is_there_the_last_change_stays(world: World) -> None:
    tenant, document = _with_document(world, "t1")
    other = _document(world, tenant)
    world.replace(tenant, document, ["green pears"])
    last = _last(world.database)
    assert _pruned(world.database, LATER) == 1
    assert [change.document_id for change in _changes(world.database)] == [other, document]
    assert _last(world.database) == last
    assert _pruned(world.database, LATER) == 0


def test_a_document_that_is_gone_is_forgotten_but_not_with_the_newest_number(world: World) -> None:
    tenant, document = _with_document(world, "t1")
    world.delete(tenant, document)
    assert _pruned(world.database, LATER) == 1
    assert [change.document_id for change in _changes(world.database)] == [document]
    other = _document(world, tenant)
    assert _pruned(world.database, LATER) == 1
    assert [change.document_id for change in _changes(world.database)] == [other]


def test_what_is_young_stays(world: World) -> None:
    tenant, document = _with_document(world, "t1")
    world.replace(tenant, document, ["green pears"])
    assert _pruned(world.database, NOW) == 0


def test_a_shared_store_that_is_behind_still_learns_what_is_gone(world: World) -> None:
    tenant, document = _with_document(world, "t1")
    behind = _last(world.database)
    world.delete(tenant, document)
    gone = _last(world.database)
    _document(world, tenant)
    elsewhere = _with_document(world, "t2")[0]
    with world.database.transaction(ALL_TENANTS) as session:
        session.add(VectorPosition(store="s", tenant_id=tenant, sequence=behind))
        session.add(VectorPosition(store="s", tenant_id=elsewhere, sequence=0))
    _pruned(world.database, LATER)
    assert gone in [change.sequence for change in _changes(world.database)]
    with world.database.transaction(ALL_TENANTS) as session:
        session.get_one(VectorPosition, ("s", tenant)).sequence = gone
    _pruned(world.database, LATER)
    assert gone not in [change.sequence for change in _changes(world.database)]


def test_only_so_many_at_once_the_oldest_first(world: World) -> None:
    tenant, document = _with_document(world, "t1")
    for text in ("green pears", "blue plums", "ripe figs"):
        world.replace(tenant, document, [text])
    before = [change.sequence for change in _changes(world.database)]
    assert _pruned(world.database, LATER, changes_max=2) == 2
    assert [change.sequence for change in _changes(world.database)] == before[2:]


def _with_document(world: World, name: str) -> tuple[str, str]:
    tenant = world.tenant(name)
    return tenant, _document(world, tenant)


def _document(world: World, tenant: str) -> str:
    return world.document(tenant, world.collection(tenant), world.acl(tenant, "a"), ["red apples"])


def _pruned(database: Database, before: datetime, changes_max: int = 100) -> int:
    with database.transaction(ALL_TENANTS) as session:
        found: Sequence[int] = superfluous_changes(session, before, changes_max)
        delete_changes(session, found)
        assert not session.scalars(
            select(IndexChange.sequence).where(IndexChange.sequence.in_(found))
        ).all()
    return len(found)


def _changes(database: Database) -> list[Change]:
    with database.reading(ALL_TENANTS) as session:
        return changes_since(session, 0)


def _last(database: Database) -> int:
    with database.reading(ALL_TENANTS) as session:
        return last_sequence(session)
