from threading import Event, Thread
from time import monotonic

import numpy as np
import pytest
from sqlalchemy import event, select

from retrieval.changes import append_change, changes_since, last_sequence
from retrieval.errors import IndexNotReady
from retrieval.scripts import SCRIPTS
from retrieval.stages import ignore
from retrieval.tables import ChunkRow
from security.tables import TenantKey
from storage.database import Database
from tests.integration.retrieval.world import DIMENSIONS, NOW, World, scope

DEADLINE_SECONDS = 20
ANY = dict.fromkeys(SCRIPTS, np.ones(DIMENSIONS, np.float32))


def visible(index, tenant: str, *acls: int) -> set[int]:
    found = index.search(scope(tenant, *acls), ANY, (), 1000, ignore).dense
    return {chunk for nearest in found.values() for chunk, _ in nearest}


@pytest.fixture
def filled(world: World) -> World:
    world.tenant("t1")
    collection = world.collection("t1")
    world.everyone = world.acl("t1", f"collection:{collection}")
    world.home = collection
    for number in range(5):
        world.document("t1", collection, world.everyone, [f"text {number} {n}" for n in range(4)])
    return world


def test_an_index_that_follows_equals_one_built_anew(filled: World) -> None:
    index = filled.index()
    index.rebuild()
    kept = filled.document("t1", filled.home, filled.everyone, ["one", "two", "three"])
    gone = filled.document("t1", filled.home, filled.everyone, ["four"])
    filled.delete("t1", gone)
    filled.replace("t1", kept, ["one", "changed"])
    assert index.catch_up()
    fresh = filled.index()
    fresh.rebuild()
    assert visible(index, "t1", filled.everyone) == visible(fresh, "t1", filled.everyone)
    assert len(index) == len(fresh) == 5 * 4 + 2
    assert index.position == fresh.position
    assert index.verify().ok
    assert fresh.verify().ok


def test_kernels_are_compiled_before_there_is_anything_to_find(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr("retrieval.index.kernels_used", asked.append)
    world.index().rebuild()
    assert asked


def test_a_document_that_turns_out_to_be_chinese_moves(filled: World) -> None:
    index = filled.index()
    index.rebuild()
    document = filled.document("t1", filled.home, filled.everyone, ["one", "two"], "en")
    index.catch_up()
    filled.reparse("t1", document, "zh")
    assert not index.verify().differences
    found = index.search(scope("t1", filled.everyone), ANY, (), 1000, ignore)
    sizes = {script: len(nearest) for script, nearest in found.dense.items()}
    assert sizes == {"chinese": 2, "other": 0, "unknown": 20}
    assert len(visible(index, "t1", filled.everyone)) == 22


def test_changes_and_searches_look_rows_up(tmp_path) -> None:
    """On SQLite, whose plans hold for any size; PostgreSQL's depend on statistics."""
    database = Database(f"sqlite:///{tmp_path / 'world.db'}")
    world = World(database)
    world.tenant("t1")
    index, plans = world.index(), list[str]()
    index.rebuild()
    collection, acl = world.collection("t1"), world.acl("t1", "anyone")
    for number in range(20):
        world.document("t1", collection, acl, [f"later {number}"])

    def explain(connection, _cursor, statement, parameters, *_) -> None:
        reads = "FROM chunks" in statement or "FROM documents" in statement
        if reads and not statement.startswith("EXPLAIN"):
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row.detail for row in plan)

    event.listen(database.engine, "before_cursor_execute", explain)
    index.catch_up()
    found = world.retriever(index).search(scope("t1", acl), "later", 20)
    world.retriever(index).neighbours(scope("t1", acl), found[0], before=1, after=1)
    database.close()
    looked_up = ("(document_id=?", "(id=?)", "(rowid=?)", "(tenant_id=? AND owner=?)")
    searches = [plan for plan in plans if plan.startswith(("SEARCH", "SCAN"))]
    assert len(found) == 20
    assert len(searches) == 12
    assert [plan for plan in searches if not any(key in plan for key in looked_up)] == []


def test_verify_counts_and_names_what_differs(filled: World) -> None:
    index = filled.index()
    index.rebuild()
    good = index.verify()
    assert (good.documents, good.chunks, good.differences) == (5, 20, ())
    # Changes that nobody announced: one document loses a chunk, another disappears, one is new.
    with filled.database.transaction() as session:
        rows = session.scalars(select(ChunkRow).order_by(ChunkRow.id)).all()
        first, second = rows[0].document_id, rows[4].document_id
        session.delete(rows[0])
        filled.keyring.destroy(session, "t1", f"document:{second}")
    found = {(item.document_id, item.kind) for item in index.verify().differences}
    assert found == {(first, "different"), (second, "unreadable"), (second, "extra")}
    index.rebuild()
    assert {(item.document_id, item.kind) for item in index.verify().differences} == {
        (second, "unreadable")
    }


def test_a_destroyed_key_makes_a_document_absent(filled: World) -> None:
    index = filled.index()
    index.rebuild()
    document = filled.document("t1", filled.home, filled.everyone, ["secret plan"])
    index.catch_up()
    filled.destroy_key("t1", document)
    assert len(visible(index, "t1", filled.everyone)) == 21
    retriever = filled.retriever(index)
    found = retriever.search(scope("t1", filled.everyone), "secret plan", 50)
    assert document not in {hit.document_id for hit in found}
    assert len(visible(index, "t1", filled.everyone)) == 20
    assert [item.kind for item in index.verify().differences] == ["unreadable"]


def test_a_tenant_without_a_key_stops_nobody_else(filled: World) -> None:
    filled.tenant("t2")
    collection = filled.collection("t2")
    acl = filled.acl("t2", f"collection:{collection}")
    filled.document("t2", collection, acl, ["lost"])
    with filled.database.transaction() as session:
        session.query(TenantKey).filter_by(tenant_id="t2").delete()
    index = filled.index()
    index.rebuild()
    assert visible(index, "t2", acl) == set()
    assert len(visible(index, "t1", filled.everyone)) == 20


def test_tenants_do_not_meet(filled: World) -> None:
    filled.tenant("t2")
    index = filled.index()
    index.rebuild()
    collection = filled.collection("t2")
    acl = filled.acl("t2", f"collection:{collection}")
    filled.document("t2", collection, acl, ["text 0 0"])
    index.catch_up()
    assert len(visible(index, "t2", acl, filled.everyone)) == 1
    assert len(visible(index, "t1", acl, filled.everyone)) == 20


def test_vectors_of_another_embedder_are_not_compared(filled: World) -> None:
    with filled.database.transaction() as session:
        row = session.scalars(select(ChunkRow).order_by(ChunkRow.id)).first()
        assert row is not None
        row.embedder = "another@2"
        number = row.id
    index = filled.index()
    index.rebuild()
    assert number not in visible(index, "t1", filled.everyone)
    assert len(index) == 20
    assert index.verify().ok


def test_an_index_is_refused_before_it_is_built(filled: World) -> None:
    index = filled.index()
    assert not index.is_ready
    for use in (index.catch_up, index.verify):
        with pytest.raises(IndexNotReady):
            use()
    index.rebuild()
    assert index.is_ready


def test_a_started_index_follows_by_itself(filled: World) -> None:
    index = filled.index()
    index.start()
    try:
        filled.document("t1", filled.home, filled.everyone, ["later"])
        deadline = monotonic() + DEADLINE_SECONDS
        while len(index) < 21 and monotonic() < deadline:
            Event().wait(0.02)
        assert len(index) == 21
    finally:
        index.close()
    assert index._follower is not None
    assert not index._follower.is_alive()


def test_a_search_does_not_wait_for_a_long_update(filled: World) -> None:
    index = filled.index()
    index.rebuild()
    filled.document("t1", filled.home, filled.everyone, ["later"])
    with index._updating:
        assert not index.catch_up(wait_seconds=0)
        assert len(visible(index, "t1", filled.everyone)) == 20
    assert index.catch_up(wait_seconds=0)


def test_searches_see_whole_updates_only(filled: World) -> None:
    """Each version of the document has as many chunks as its texts say."""
    index = filled.index()
    index.rebuild()
    document = filled.document("t1", filled.home, filled.everyone, ["v 0"] * 7)
    index.catch_up()
    done, sizes = Event(), set[int]()

    def search() -> None:
        while not done.is_set():
            sizes.add(len(visible(index, "t1", filled.everyone)) - 20)

    readers = [Thread(target=search) for _ in range(2)]
    for reader in readers:
        reader.start()
    for version in range(1, 15):
        filled.replace("t1", document, [f"v {version}"] * (7 if version % 2 else 11))
        index.catch_up()
    done.set()
    for reader in readers:
        reader.join(DEADLINE_SECONDS)
    assert sizes <= {7, 11}


def test_numbers_become_visible_in_their_order(filled: World) -> None:
    """A second writer waits, so nobody can see its higher number before the lower one."""
    url = filled.database.engine.url.render_as_string(hide_password=False)
    other, seen, started = Database(url), list[int](), Event()

    def write() -> None:
        started.set()
        with other.transaction() as session:
            append_change(session, "t1", "b" * 32, at=NOW)

    with filled.database.transaction() as session:
        append_change(session, "t1", "a" * 32, at=NOW)
        second = Thread(target=write)
        second.start()
        started.wait(DEADLINE_SECONDS)
        second.join(0.2)
        assert second.is_alive()
    second.join(DEADLINE_SECONDS)
    with other.reading() as session:
        last = last_sequence(session)
        seen = [change.document_id[0] for change in changes_since(session, last - 2)]
    other.close()
    assert seen == ["a", "b"]
