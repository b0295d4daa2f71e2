"""Documents follow who may read their files: what a folder says, and how lists move."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.connectors import posix_readers
from ingest.connectors.port import Readers
from ingest.connectors.posix_readers import PosixReaders
from ingest.connectors.rights import FollowedRights
from ingest.connectors.rows import Entry, SourceRows
from ingest.connectors.tables import Source, SourceItem
from ingest.views import CollectionView, DocumentView
from retrieval.tables import Acl, Document, IndexChange
from security.audit import AuditLog
from security.keyring import KeyRing
from security.principal import Principal
from security.tables import Group
from storage.database import Database

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
EVERYBODY, NOBODY = Readers(everyone=True), Readers()


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posix_readers, "_group_name", lambda number: f"g{number}")


class Tree:
    """A folder whose entries have the modes that a test gives them, as root or not."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.readers = PosixReaders(root)
        self.group = f"g{root.stat().st_gid}"
        root.chmod(0o755)

    def file(self, name: str, mode: int, **folders: int) -> Readers:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
        path.chmod(mode)
        for folder, its_mode in folders.items():
            (self.root / folder).chmod(its_mode)
        return PosixReaders(self.root).of(path, path.stat())


@pytest.fixture
def tree(tmp_path: Path, named: None) -> Tree:
    return Tree(tmp_path)


@pytest.mark.parametrize("mode", [0o644, 0o664, 0o777])
def test_what_all_may_read_everyone_sees(tree: Tree, mode: int) -> None:
    assert tree.file("a", mode) == EVERYBODY


@pytest.mark.parametrize("mode", [0o640, 0o660, 0o750])
def test_what_a_group_may_read_its_members_see(tree: Tree, mode: int) -> None:
    assert tree.file("a", mode) == Readers(groups=frozenset({tree.group}))


@pytest.mark.parametrize("mode", [0o600, 0o604, 0o700, 0o620, 0o000])
def test_what_cannot_be_said_in_groups_nobody_sees(tree: Tree, mode: int) -> None:
    assert tree.file("a", mode) == NOBODY


def test_a_closed_folder_closes_what_is_in_it(tree: Tree) -> None:
    assert tree.file("hr/a", 0o644, hr=0o750) == Readers(groups=frozenset({tree.group}))
    assert tree.file("own/deep/a", 0o644, own=0o700) == NOBODY
    assert tree.file("open/a", 0o644, open=0o711) == EVERYBODY


def test_two_groups_on_the_way_leave_nobody(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    names = iter(["legal", "hr"])
    monkeypatch.setattr(posix_readers, "_group_name", lambda _: next(names))
    assert tree.file("legal/a", 0o640, legal=0o750) == NOBODY


def test_a_link_shows_nobody_what_lies_elsewhere(tree: Tree) -> None:
    tree.file("closed/a", 0o644, closed=0o700)
    link = tree.root / "link"
    link.symlink_to(tree.root / "closed" / "a")
    assert tree.readers.of(link, link.stat()) == NOBODY


def test_an_access_list_of_its_own_is_not_guessed_at(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getxattr", lambda *_, **__: b"\2\0\0\0")
    assert tree.file("a", 0o644) == NOBODY


@given(mode=st.integers(0, 0o777), above=st.integers(0, 0o777))
def test_nobody_sees_more_than_the_kernel_lets(mode: int, above: int) -> None:
    """The oracle: `others` need their own bits all the way, and members the group's."""
    found = _stat(mode), _stat(above | stat.S_IFDIR)
    way = posix_readers._narrowed(EVERYBODY, Path("/"), found[1], (stat.S_IXOTH, stat.S_IXGRP))
    said = posix_readers._narrowed(way, Path("/"), found[0], (stat.S_IROTH, stat.S_IRGRP))
    if said.everyone:
        assert mode & stat.S_IROTH
        assert above & stat.S_IXOTH
    if said.everyone or said.groups:
        assert mode & stat.S_IRGRP
        assert above & stat.S_IXGRP


def _stat(mode: int) -> os.stat_result:
    return os.stat_result((mode, 0, 0, 1, 0, 0, 0, 0, 0, 0))


class Documents:
    """Two files of a source, in one transaction."""

    def __init__(self, session: Session, keyring: KeyRing, source: Source) -> None:
        self.session = session
        self.source = source
        self._rows = SourceRows(session, keyring, source.tenant_id)

    def item(self, key: str, document_id: str) -> SourceItem:
        item = self._rows.put(self.source.id, None, Entry(key, "1", key))
        item.document_id = document_id
        document = self.session.get_one(Document, document_id)
        document.source_id = self.source.id
        self.session.flush()
        return item

    def allowed(self, document_id: str) -> list[str]:
        document = self.session.get_one(Document, document_id)
        return self.session.get_one(Acl, document.acl_id).allow


@on_sqlite
def test_lists_move_with_the_source_and_embed_nothing(
    database: Database,
    keyring: KeyRing,
    audit: AuditLog,
    clock: Callable[[], object],
    collection: CollectionView,
    owner: Principal,
    upload: Callable[..., DocumentView],
    audited: Callable[[], list[str]],
) -> None:
    one, two = upload(b"first", "a.txt").id, upload(b"second", "b.txt").id
    with database.transaction() as session:
        for name in ("Legal", "Press"):
            session.add(_group(name, owner.tenant_id, clock))
        source = _source(owner, collection, clock)
        session.add(source)
        session.flush()
        source.config = source.secret = b""
        documents = Documents(session, keyring, source)
        legal, press = documents.item("a", one), documents.item("b", two)
        rights = FollowedRights(audit, clock)  # type: ignore[arg-type]
        groups = {"g1": "Legal", "g2": "Press", "g3": "Absent"}

        def follow(item: SourceItem, *names: str, everyone: bool = False) -> None:
            readers = Readers(everyone, frozenset(names))
            rights.follow(session, item, rights.list_for(session, source, groups, readers))

        follow(legal, "g1")
        assert documents.allowed(one) == [f"group:{_id('Legal')}"]
        follow(press, "g2", "unmapped", "g3")
        assert documents.allowed(two) == [f"group:{_id('Press')}"]
        follow(press, "unmapped")
        assert documents.allowed(two) == []
        follow(press, everyone=True)
        assert documents.allowed(two) == [f"collection:{collection.id}"]
        copy = documents.item("c", two)  # another file with the same content
        follow(copy, "g1")
        assert documents.allowed(two) == documents.allowed(one)
        follow(press, "g2")
        assert documents.allowed(two) == []  # nobody is let in by both
        changes = session.scalars(select(IndexChange.document_id)).all()
    assert changes.count(two) == 5
    assert audited().count("document.permissions") == 6


def _group(name: str, tenant_id: str, clock: Callable[[], object]) -> Group:
    return Group(id=_id(name), tenant_id=tenant_id, name=name, source="local", created_at=clock())


def _id(name: str) -> str:
    return name.lower().rjust(32, "0")


def _source(owner: Principal, collection: CollectionView, clock: Callable[[], object]) -> Source:
    return Source(
        id="s" * 32,
        tenant_id=owner.tenant_id,
        collection_id=collection.id,
        kind="folder",
        config=b"",
        interval_seconds=60,
        is_paused=False,
        acts_for=owner.user_id,
        run=1,
        failures=0,
        due_at=clock(),
        created_at=clock(),
    )
