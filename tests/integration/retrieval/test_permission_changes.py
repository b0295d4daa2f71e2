"""A changed right counts at the next request, in every process, and embeds nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from ingest.collections import CollectionService
from ingest.permission_lists import Wanted
from ingest.permissions import PermissionService
from ingest.settings import UploadLimits
from retrieval.access import scope_for
from retrieval.search import Retriever
from retrieval.tables import ChunkRow
from security.accounts import principal_of
from security.audit import AuditLog
from security.grants import Grants
from security.group_changes import GroupChanges
from security.groups import Groups
from security.principal import Principal, Role
from security.tables import User
from storage.database import Database
from tests.integration.retrieval.world import NOW, World

TENANT = "t1"
ANN, TEAM = "a" * 32, "Team"
OPERATOR = Principal(TENANT, "operator", "operator", {None: Role.OWNER})


class Scene:
    """A document in a collection that Ann has no role in, and two processes that serve her."""

    def __init__(self, database: Database, other: Database) -> None:
        self.world = world = World(database)
        self.database = database
        world.tenant(TENANT)
        self.collection = world.collection(TENANT)
        acl = world.acl(TENANT, f"collection:{self.collection}")
        self.document = world.document(TENANT, self.collection, acl, ["alpha one", "alpha two"])
        self.audit = audit = AuditLog(world.keyring, lambda: NOW)
        self.grants = Grants(audit, lambda: NOW)
        collections = CollectionService(world.keyring, self.grants, audit, lambda: NOW)
        self.permissions = PermissionService(audit, collections, UploadLimits(), lambda: NOW)
        self.groups = Groups(GroupChanges(audit, lambda: NOW))
        with database.transaction(TENANT) as session:
            session.add(User(id=ANN, tenant_id=TENANT, name="ann", created_at=NOW))
            session.flush()
            self.group = self.groups.create(session, OPERATOR, TEAM).id
        self.processes = [(one, self._process(one)) for one in (database, other)]

    def _process(self, database: Database) -> Retriever:
        index = self.world.index(database)
        index.rebuild()
        return self.world.retriever(index)

    def seen(self) -> bool:
        """Whether Ann finds the document; every process must say the same."""
        answers = set()
        for database, retriever in self.processes:
            with database.reading(TENANT) as session:
                scope = scope_for(session, principal_of(session, ANN))
            answers.add(len(retriever.search(scope, "alpha", 10)))
        assert answers in ({0}, {2})
        return answers == {2}

    def set(self, allow: list[str], deny: list[str] | None = None) -> None:
        with self.database.transaction(TENANT) as session:
            wanted = Wanted([f"collection:{self.collection}", *allow], deny or [])
            self.permissions.set_document(session, OPERATOR, self.document, wanted)

    def change(self, action: Callable[..., None], *arguments: object) -> None:
        with self.database.transaction(TENANT) as session:
            action(session, OPERATOR, *arguments)

    def chunks(self) -> list[tuple[object, ...]]:
        with self.database.reading(TENANT) as session:
            return [tuple(row) for row in session.execute(select(*ChunkRow.__table__.columns))]


@pytest.fixture(params=["sqlite", "postgresql"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    url = f"sqlite:///{tmp_path / 'world.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    first, second = Database(url), Database(url)
    yield Scene(first, second)
    first.close()
    second.close()


def test_every_change_of_a_right_counts_at_once_everywhere(scene: Scene) -> None:
    assert not scene.seen()
    scene.set([f"user:{ANN}"])
    assert scene.seen()
    scene.set([])
    assert not scene.seen()
    scene.set([f"group:{scene.group}"])
    assert not scene.seen()
    scene.change(scene.groups.add, scene.group, ANN)
    assert scene.seen()
    scene.set([f"group:{scene.group}"], [f"user:{ANN}"])
    assert not scene.seen()
    scene.set([f"group:{scene.group}"])
    scene.change(scene.groups.remove, scene.group, ANN)
    assert not scene.seen()
    scene.set([])
    scene.change(scene.grants.set, ANN, scene.collection, Role.READER)
    assert scene.seen()
    scene.set(["role:owner"], ["role:reader"])
    assert not scene.seen()
    scene.set([])
    scene.change(scene.grants.remove, ANN, scene.collection)
    assert not scene.seen()


def test_changing_a_list_moves_a_row_and_embeds_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = scene.chunks()
    scene.set([f"user:{ANN}"])
    assert scene.seen()  # the first search embeds what the texts of a language have in common
    scene.set([])

    def embed_passages(texts: object) -> object:
        raise AssertionError(texts)

    monkeypatch.setattr(scene.world.embedder, "embed_passages", embed_passages)
    scene.set([f"user:{ANN}"])
    assert scene.seen()
    assert scene.chunks() == before


def test_each_change_of_a_list_is_on_record_once(scene: Scene) -> None:
    for _ in range(2):
        scene.set([f"user:{ANN}"], ["role:reader"])
    with scene.database.reading(TENANT) as session:
        entries = scene.audit.entries(session, OPERATOR)
    (change,) = [entry for entry in entries if entry.action == "document.permissions"]
    assert (change.actor, change.target) == ("operator", scene.document)
    own = f"collection:{scene.collection}"
    assert change.details == {"allow": [own, f"user:{ANN}"], "deny": ["role:reader"]}
