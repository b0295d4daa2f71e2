import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from retrieval.access import AccessScope
from retrieval.changes import append_change
from retrieval.chunks import add_chunks, reusable_vectors
from retrieval.errors import IndexNotReady
from retrieval.index import CorpusIndex
from retrieval.search import Retriever
from retrieval.tables import ChunkRow, Document
from security.places import Place
from storage.database import Database
from tests.integration.retrieval.world import NOW, SETTINGS, World, scope


class Office:
    """Two collections of one tenant, each with a permission list of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tenant = world.tenant("t1")
        self.public, self.secret = world.collection("t1"), world.collection("t1")
        self.everyone = world.acl("t1", f"collection:{self.public}")
        self.board = world.acl("t1", f"collection:{self.secret}")
        self.handbook = world.document(
            "t1", self.public, self.everyone, ["notice period is ninety days", "lunch at noon"]
        )
        self.minutes = world.document("t1", self.secret, self.board, ["merger notice period"])
        self.index = world.index()
        self.index.rebuild()
        self.retriever = world.retriever(self.index)

    def texts(self, query: str, *acls: int) -> list[str]:
        return [hit.chunk.text for hit in self.retriever.search(scope("t1", *acls), query, 10)]


@pytest.fixture
def office(world: World) -> Office:
    return Office(world)


def test_a_hit_carries_its_chunk_and_place(office: Office) -> None:
    best = office.retriever.search(scope("t1", office.everyone), "notice period", 1)[0]
    assert best.rank == 1
    assert best.document_id == office.handbook
    assert best.document_name == "report.txt"
    assert best.chunk_id == f"{office.handbook}.0"
    assert best.chunk == office.world.records("t1", ["notice period is ninety days"])[0].chunk


def test_each_scope_finds_its_own(office: Office) -> None:
    assert "merger notice period" not in office.texts("merger", office.everyone)
    assert office.texts("merger", office.board) == ["merger notice period"]
    assert len(office.texts("merger", office.board, office.everyone)) == 3
    narrowed = scope("t1", office.board, office.everyone, collections=frozenset({office.public}))
    found = office.retriever.search(narrowed, "merger notice", 10)
    assert {hit.document_id for hit in found} == {office.handbook}


def test_an_empty_scope_and_an_empty_query_find_nothing(office: Office) -> None:
    assert office.texts("merger") == []
    nowhere = scope("t1", office.board, collections=frozenset())
    assert office.retriever.search(nowhere, "merger", 10) == []
    assert office.texts("  \n ", office.board) == []


def test_deleted_documents_answer_nothing_even_before_the_index_follows(office: Office) -> None:
    stale = Retriever(
        office.world.database,
        _Deaf(office.index),
        office.world.embedder,
        office.world.keyring,
        SETTINGS,
    )
    assert office.world.delete("t1", office.minutes)
    assert not office.world.delete("t1", office.minutes)
    assert stale.search(scope("t1", office.board), "merger", 10) == []
    assert office.texts("merger", office.board) == []


def test_a_moved_right_counts_even_before_the_index_follows(office: Office) -> None:
    stale = Retriever(
        office.world.database,
        _Deaf(office.index),
        office.world.embedder,
        office.world.keyring,
        SETTINGS,
    )
    office.world.move("t1", office.handbook, office.secret, office.board)
    assert stale.search(scope("t1", office.everyone), "notice", 10) == []
    assert office.texts("notice", office.everyone) == []
    assert len(office.texts("notice", office.board)) == 3


class _Deaf(CorpusIndex):
    """An index that never hears of changes."""

    def __init__(self, index: CorpusIndex) -> None:
        self.__dict__.update(index.__dict__)

    def catch_up(self, wait_seconds: float = -1, *, latest: int | None = None) -> bool:
        return False


def test_enough_hits_are_found_behind_hidden_ones(office: Office) -> None:
    doomed = [
        office.world.document("t1", office.public, office.everyone, [f"pension plan {n} pension"])
        for n in range(20)
    ]
    office.world.document("t1", office.public, office.everyone, ["old plan a", "old plan b"])
    office.index.catch_up()
    for document_id in doomed:
        office.world.delete("t1", document_id)
    stale = Retriever(
        office.world.database,
        _Deaf(office.index),
        office.world.embedder,
        office.world.keyring,
        SETTINGS,
    )
    found = stale.search(scope("t1", office.everyone), "pension plan", 2)
    assert {hit.chunk.text for hit in found} == {"old plan a", "old plan b"}
    assert [hit.rank for hit in found] == [1, 2]


def test_equal_passages_are_shown_once_with_the_copies_that_the_caller_may_see(
    office: Office,
) -> None:
    for collection, acl in ((office.public, office.everyone), (office.secret, office.board)):
        office.world.document("t1", collection, acl, ["Lunch: at noon!"])

    def copies(*acls: int, fold: bool = True) -> list[int]:
        found = office.retriever.search(scope("t1", *acls), "lunch at noon", 10, fold=fold)
        return [len(hit.copies) for hit in found if "noon" in hit.chunk.text]

    assert copies(office.everyone) == [1]
    assert copies(office.everyone, office.board) == [2]
    assert copies(office.everyone, office.board, fold=False) == [0, 0, 0]


def test_limits(office: Office) -> None:
    assert len(office.retriever.search(scope("t1", office.everyone), "notice", 1)) == 1
    strict = replace_settings(office, hits_max=1)
    assert len(strict.search(scope("t1", office.everyone), "notice lunch", 50)) == 1


def replace_settings(office: Office, **changed: int) -> Retriever:
    world = office.world
    settings = SETTINGS.model_copy(update=changed)
    return Retriever(world.database, office.index, world.embedder, world.keyring, settings)


def test_neighbours_are_in_order_and_checked(office: Office) -> None:
    document_id = office.world.document(
        "t1", office.public, office.everyone, [f"step {n}" for n in "abcde"]
    )
    everyone = scope("t1", office.everyone)
    hits = office.retriever.search(everyone, "step c", 20)
    middle = next(hit for hit in hits if hit.chunk_id == f"{document_id}.2")
    around = office.retriever.neighbours(everyone, middle, before=1, after=5)
    assert [chunk.ordinal for chunk in around] == [1, 3, 4]
    assert office.retriever.neighbours(scope("t1", office.board), middle, before=1, after=1) == []


def test_stages_are_observed(office: Office) -> None:
    seen: dict[str, float] = {}
    world = office.world
    retriever = Retriever(
        world.database,
        office.index,
        world.embedder,
        world.keyring,
        SETTINGS,
        observe=seen.__setitem__,
    )
    retriever.search(scope("t1", office.everyone), "notice", 3)
    assert set(seen) == {"catch_up", "embed", "dense", "lexical", "load"}
    assert all(seconds >= 0 for seconds in seen.values())


def test_searching_an_unbuilt_index_is_refused(world: World) -> None:
    retriever = world.retriever(world.index())
    with pytest.raises(IndexNotReady):
        retriever.search(AccessScope("t1", frozenset({1})), "notice", 3)


def test_vectors_of_equal_passages_are_used_again_among_who_sees_both(office: Office) -> None:
    world = office.world
    record = world.records("t1", ["lunch at noon"])[0]

    def found(acl_id: int, collection_id: str, embedder: str) -> dict[str, NDArray[np.float32]]:
        document = Document(tenant_id="t1", acl_id=acl_id, collection_id=collection_id)
        digests = [record.content_digest, "unknown"]
        with world.database.reading() as session:
            return reusable_vectors(session, world.keyring, document, digests, embedder)

    name = world.embedder.name
    reused = found(office.everyone, office.public, name)
    assert list(reused) == [record.content_digest]
    assert reused[record.content_digest] == pytest.approx(record.vector, abs=1e-3)
    assert found(office.board, office.public, name) == {}
    assert found(office.everyone, office.secret, name) == {}
    assert found(office.everyone, office.public, "other") == {}


def test_an_altered_row_is_left_out_and_reported(office: Office) -> None:
    world = office.world
    with world.database.transaction() as session:
        row = session.query(ChunkRow).filter_by(document_id=office.minutes).one()
        row.vector = row.vector[:-1] + bytes([row.vector[-1] ^ 1])
        append_change(session, "t1", office.minutes, at=NOW)
    assert office.texts("merger", office.board) == []
    differences = office.index.verify().differences
    assert [(found.document_id, found.kind) for found in differences] == [
        (office.minutes, "unreadable")
    ]


def test_a_sealed_name_moved_to_another_document_is_not_shown(office: Office) -> None:
    world = office.world
    with world.database.transaction() as session:
        document = session.get_one(Document, office.handbook)
        cipher = world.keyring.cipher(session, "t1", f"document:{office.handbook}")
        document.name = cipher.seal(Place("documents", office.minutes, "name"), b"forged")
    assert office.texts("notice", office.everyone) == []


def test_a_document_that_is_not_ready_is_not_found(office: Office) -> None:
    world = office.world
    with world.database.transaction() as session:
        session.get_one(Document, office.handbook).status = "processing"
    assert office.texts("notice", office.everyone) == []
    fresh = world.index()
    fresh.rebuild()
    assert len(fresh) == 1
    with world.database.transaction() as session:
        session.get_one(Document, office.handbook).status = "ready"
        append_change(session, "t1", office.handbook, at=NOW)
    fresh.catch_up()
    assert len(fresh) == 3
    assert len(office.texts("notice", office.everyone)) == 2


def test_another_process_sees_what_this_one_writes(office: Office) -> None:
    other_database = Database(
        office.world.database.engine.url.render_as_string(hide_password=False)
    )
    try:
        other = World(other_database)
        index = other.index(other_database)
        index.rebuild()
        office.world.document("t1", office.public, office.everyone, ["parking is free"])
        found = other.retriever(index).search(scope("t1", office.everyone), "parking", 1)
        assert [hit.chunk.text for hit in found] == ["parking is free"]
        assert index.position == office.index.position + 1
    finally:
        other_database.close()


def test_errors_of_the_database_tell_nothing_of_questions_or_passages(office: Office) -> None:
    world = office.world
    with world.database.reading() as session:
        stored = session.query(ChunkRow).filter_by(document_id=office.minutes).one()
        token = world.keyring.tenant(session, "t1").blind_token_key
    record = world.records("t1", ["merger notice period"])[0]

    def write_again() -> None:
        with world.database.transaction() as session:
            cipher = world.keyring.cipher(session, "t1", f"document:{office.minutes}")
            add_chunks(session, "t1", office.minutes, cipher, [record])

    def search_without_rows() -> None:
        with world.database.engine.begin() as connection:
            connection.execute(text("ALTER TABLE chunks RENAME COLUMN body TO gone"))
        office.texts("merger notice", office.board)

    for failing in (write_again, search_without_rows):
        with pytest.raises(SQLAlchemyError) as caught:
            failing()
        said = str(caught.value) + repr(caught.value)
        secrets = ("merger", record.content_digest, repr(stored.body), repr(token))
        assert not [secret for secret in secrets if secret in said]
