"""Folders as sources."""

import os
from pathlib import Path

import pytest

from ingest.connectors.configuration import FolderConfig
from ingest.connectors.errors import FolderMissing, FolderNotAllowed, ItemUnreadable
from ingest.connectors.port import Connector, Item
from ingest.connectors.settings import SourceSettings
from tests.unit.ingest_pipeline.connectors.conformance import Conformance, Look, connectors


class FolderWorld:
    def __init__(self, root: Path) -> None:
        self.root = root / "shared"
        self.root.mkdir()
        self.settings = SourceSettings(folder_roots=(root,), settle_seconds_min=0)
        self.ignore: tuple[str, ...] = ()

    def put(self, name: str, text: str) -> None:
        path = self.root / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def remove(self, name: str) -> None:
        (self.root / f"{name}.txt").unlink()

    def content(self, text: str) -> bytes:
        return text.encode()

    def break_down(self) -> None:
        self.root.rename(self.root.with_name("elsewhere"))

    def connector(self) -> Connector:
        config = FolderConfig(kind="folder", path=str(self.root), ignore=self.ignore)
        return connectors(self.settings).connect(config)


class TestFolder(Conformance):
    @pytest.fixture
    def world(self, tmp_path: Path) -> FolderWorld:
        return FolderWorld(tmp_path)

    def test_folders_below_are_read_and_named_by_their_path(self, world: FolderWorld) -> None:
        world.put("a/b/deep", "text")
        look = Look.of(world.connector())
        assert look.names == {"a/b/deep.txt": "deep.txt"}

    def test_ignored_files_are_not_there(self, world: FolderWorld) -> None:
        world.ignore = ("drafts/*",)
        for name in (".hidden", "~$lock", ".git/config", "drafts/x", "kept"):
            world.put(name, name)
        assert set(Look.of(world.connector()).contents) == {"kept.txt"}

    def test_a_link_out_of_the_folder_is_refused(self, world: FolderWorld) -> None:
        outside = world.root.with_name("secret.txt")
        outside.write_text("secret")
        world.put("real", "inside")
        (world.root / "out.txt").symlink_to(outside)
        (world.root / "folder").symlink_to(world.root.parent)
        (world.root / "in.txt").symlink_to(world.root / "real.txt")
        assert set(Look.of(world.connector()).contents) == {"real.txt", "in.txt"}

    def test_a_file_swapped_for_a_link_is_not_read(self, world: FolderWorld) -> None:
        outside = world.root.with_name("secret.txt")
        outside.write_text("secret")
        world.put("a", "secret")
        events = world.connector().changes(None, {})
        item = next(events)
        assert isinstance(item, Item)
        world.remove("a")
        (world.root / "a.txt").symlink_to(outside)
        with pytest.raises(ItemUnreadable):
            item.open()

    def test_a_file_that_is_being_written_is_waited_for(self, world: FolderWorld) -> None:
        world.settings = world.settings.model_copy(update={"settle_seconds_min": 3600})
        world.put("new", "half")
        assert Look.of(world.connector()).contents == {}
        os.utime(world.root / "new.txt", (0, 0))
        assert set(Look.of(world.connector()).contents) == {"new.txt"}

    def test_a_disk_that_is_not_mounted_deletes_nothing(self, world: FolderWorld) -> None:
        world.put("one", "first")
        before = Look.of(world.connector())
        world.break_down()
        world.root.mkdir()
        with pytest.raises(FolderMissing):
            Look.of(world.connector(), before)

    def test_the_last_file_may_go(self, world: FolderWorld) -> None:
        world.put("one", "first")
        before = Look.of(world.connector())
        world.remove("one")
        look = Look.of(world.connector(), before)
        assert (look.seen, look.end.complete) == (set(), True)

    def test_pipes_are_no_files(self, world: FolderWorld) -> None:
        os.mkfifo(world.root / "pipe.txt")
        assert Look.of(world.connector()).seen == set()

    @pytest.mark.parametrize("path", ["/etc", "shared", "/\0", "{root}/../../etc"])
    def test_only_folders_that_the_operator_opened(self, world: FolderWorld, path: str) -> None:
        given = path.replace("{root}", str(world.root))
        with pytest.raises(FolderNotAllowed):
            FolderConfig(kind="folder", path=given).checked(world.settings)

    def test_without_roots_no_folder_is_allowed(self, world: FolderWorld) -> None:
        with pytest.raises(FolderNotAllowed):
            FolderConfig(kind="folder", path=str(world.root)).checked(SourceSettings())
