"""Collections: who may make, see and delete them."""

import pytest
from sqlalchemy import func, select

from ingest.collections import CollectionService
from ingest.errors import CollectionExists
from retrieval.tables import Collection
from security.errors import Forbidden, NotFound
from security.principal import Principal, Role, Verb
from security.tables import Grant
from storage.database import Database


def test_name_is_sealed_and_found(
    database: Database, collections: CollectionService, owner: Principal, audited
) -> None:
    with database.transaction() as session:
        made = collections.create(session, owner, " Quarterly ")
    with database.reading() as session:
        row = collections.find(session, owner, "Quarterly")
        assert row.id == made.id
        assert collections.find(session, owner, made.id).id == made.id
        assert b"Quarterly" not in row.name
        assert [view.name for view in collections.visible(session, owner)] == ["Quarterly"]
        assert session.scalar(select(func.count()).select_from(Grant)) == 0
    assert audited() == ["collection.create"]


def test_name_is_unique(
    database: Database, collections: CollectionService, owner: Principal, audited
) -> None:
    with database.transaction() as session:
        collections.create(session, owner, "Quarterly")
        with pytest.raises(CollectionExists) as caught:
            collections.create(session, owner, "Quarterly ")
        assert caught.value.status == 409
        collections.create(session, owner, "Yearly")
    assert audited() == ["collection.create"] * 2


def test_editor_owns_what_they_make(
    database: Database, collections: CollectionService, person
) -> None:
    editor = person("editor", {None: Role.EDITOR})
    with database.transaction() as session:
        made = collections.create(session, editor, "Mine")
        grant = session.scalars(select(Grant)).one()
    assert (grant.user_id, grant.collection_id, grant.role) == (editor.user_id, made.id, "owner")


@pytest.mark.parametrize("grants", [{}, {None: Role.READER}, {"other": Role.OWNER}])
def test_others_may_not_create(
    database: Database, collections: CollectionService, person, grants: dict[str | None, Role]
) -> None:
    with database.transaction() as session, pytest.raises(Forbidden):
        collections.create(session, person("other", grants), "Mine")


def test_hidden_looks_absent(
    database: Database, collections: CollectionService, owner: Principal, person
) -> None:
    with database.transaction() as session:
        made = collections.create(session, owner, "Secret")
    stranger = person("stranger", {"another": Role.OWNER})
    with database.reading() as session:
        assert collections.visible(session, stranger) == []
        messages = set()
        for key in (made.id, "Secret", "Nothing"):
            with pytest.raises(NotFound) as caught:
                collections.find(session, stranger, key)
            messages.add(caught.value.detail)
        assert len(messages) == 1


def test_reader_may_not_upload(
    database: Database, collections: CollectionService, owner: Principal, person
) -> None:
    with database.transaction() as session:
        made = collections.create(session, owner, "Open")
    reader = person("reader", {made.id: Role.READER})
    with database.reading() as session:
        assert collections.find(session, reader, "Open").id == made.id
        with pytest.raises(Forbidden):
            collections.find(session, reader, "Open", Verb.UPLOAD)
        assert collections.visible(session, reader)[0].role is Role.READER


def test_a_name_that_looks_like_an_id_does_not_hide_the_id(
    database: Database, collections: CollectionService, owner: Principal
) -> None:
    with database.transaction() as session:
        first = collections.create(session, owner, "First")
        collections.create(session, owner, first.id)
        assert collections.find(session, owner, first.id).id == first.id
        assert session.scalar(select(func.count()).select_from(Collection)) == 2
