"""Git repositories as sources, on Git's own HTTP server."""

from pathlib import Path
from typing import Any

import pytest

from ingest.connectors.configuration import GitConfig
from ingest.connectors.errors import (
    FileInLfs,
    SourceRefused,
    SourceTooLarge,
    SourceUnreachable,
)
from ingest.connectors.port import Connector, Item
from ingest.connectors.settings import SourceSettings
from ingest.errors import FileTooLarge, UploadRefused
from tests.integration.ingest.connectors.git_server import GitServer, git
from tests.unit.ingest_pipeline.connectors.conformance import Conformance, Look, connectors


class GitWorld:
    """A repository with a working copy, served with or without the leaving out of files."""

    def __init__(self, server: GitServer, *, filters: bool, hash_name: str) -> None:
        self.server = server
        self.folder = server.root / "repository"
        self.folder.mkdir()
        git(self.folder, "init", "--quiet", "-b", "main", f"--object-format={hash_name}")
        git(self.folder, "config", "uploadpack.allowFilter", str(filters))
        self.settings = SourceSettings()
        self.options: dict[str, Any] = {}
        self.secret: str | None = None

    def put(self, name: str, text: str) -> None:
        path = self.folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.commit()

    def remove(self, name: str) -> None:
        (self.folder / f"{name}.txt").unlink()
        self.commit()

    def commit(self) -> None:
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", "change")

    def content(self, text: str) -> bytes:
        return text.encode()

    def break_down(self) -> None:
        self.folder.rename(self.folder.with_name("elsewhere"))

    def config(self) -> GitConfig:
        url = f"{self.server.url}/repository/.git"
        return GitConfig.model_validate({"kind": "git", "url": url, **self.options})

    def connector(self) -> Connector:
        made = connectors(self.settings, self.server.url)
        return made.connect(self.config().checked(self.settings), self.secret)


class GitConformance(Conformance):
    def test_a_renamed_file_is_read_from_its_new_place(self, world: GitWorld) -> None:
        world.put("old/one", "first")
        before = Look.of(world.connector())
        (world.folder / "old").rename(world.folder / "new")
        world.commit()
        look = Look.of(world.connector(), before)
        assert look.contents == {"new/one.txt": b"first"}
        assert look.seen == {"new/one.txt"}

    def test_many_versions_of_large_files_are_unpacked(self, world: GitWorld) -> None:
        lines = {n: [f"{n * (i % 7 == 0)} {i}" for i in range(400)] for n in range(5)}
        texts = {f"f{n}": "\n".join(some) for n, some in lines.items()}
        for name, text in texts.items():
            (world.folder / f"{name}.txt").write_text(text)
        world.commit()
        git(world.folder, "gc", "--quiet", "--aggressive")  # which makes deltas
        look = Look.of(world.connector())
        assert look.contents == {f"{name}.txt": text.encode() for name, text in texts.items()}


class TestGitThatFilters(GitConformance):
    @pytest.fixture
    def world(self, git_server: GitServer) -> GitWorld:
        return GitWorld(git_server, filters=True, hash_name="sha1")

    def test_only_what_is_wanted(self, world: GitWorld) -> None:
        world.options = {"include": ["docs/*", "*.md.txt"], "ignore": ["docs/drafts/*"]}
        for name in ("docs/a", "docs/deep/手册", "docs/drafts/x", "code/b", "code/b.md", ".ci/c"):
            (world.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (world.folder / f"{name}.txt").write_text(name)
        (world.folder / "docs" / "link.txt").symlink_to("a.txt")
        world.commit()
        look = Look.of(world.connector())
        assert set(look.contents) == {"docs/a.txt", "docs/deep/手册.txt", "code/b.md.txt"}

    def test_a_branch_that_did_not_move_costs_two_requests(self, world: GitWorld) -> None:
        world.put("one", "first")
        before = Look.of(world.connector())
        world.server.asked.clear()
        Look.of(world.connector(), before)
        assert len(world.server.asked) == 2

    def test_files_that_did_not_change_are_not_fetched(self, world: GitWorld) -> None:
        for n in range(3):
            world.put(str(n), str(n))
        before = Look.of(world.connector())
        world.put("1", "changed")
        world.server.asked.clear()
        Look.of(world.connector(), before)
        fetched = [body for body in world.server.asked if b"command=fetch" in body]
        assert len(fetched) == 2  # the trees, and one file

    def test_another_branch(self, world: GitWorld) -> None:
        world.put("one", "first")
        git(world.folder, "checkout", "--quiet", "-b", "next/version")
        world.put("two", "second")
        git(world.folder, "checkout", "--quiet", "main")
        assert set(Look.of(world.connector()).contents) == {"one.txt"}
        world.options = {"branch": "next/version"}
        assert set(Look.of(world.connector()).contents) == {"one.txt", "two.txt"}
        world.options = {"branch": "next"}
        with pytest.raises(SourceUnreachable, match="no branch"):
            Look.of(world.connector())

    def test_a_branch_set_back_is_followed(self, world: GitWorld) -> None:
        world.put("one", "first")
        world.put("two", "second")
        before = Look.of(world.connector())
        git(world.folder, "reset", "--quiet", "--hard", "HEAD~1")
        look = Look.of(world.connector(), before)
        assert (look.seen, look.contents) == ({"one.txt"}, {})

    def test_a_token_opens_and_a_wrong_one_does_not(self, world: GitWorld) -> None:
        world.put("one", "first")
        world.server.password = "token"
        for world.secret in (None, "wrong"):
            with pytest.raises(SourceRefused):
                Look.of(world.connector())
        world.secret = "token"
        assert len(Look.of(world.connector()).contents) == 1

    def test_a_file_too_large_or_kept_elsewhere_is_refused(self, world: GitWorld) -> None:
        world.put("large", "x" * 10_001)
        world.put("pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
        refusals = []
        for event in world.connector().changes(None, {}):
            if isinstance(event, Item):
                with pytest.raises(UploadRefused) as refused:
                    event.open()
                refusals.append(refused.type)
        assert refusals == [FileTooLarge, FileInLfs]

    def test_no_more_entries_than_the_limit(self, world: GitWorld) -> None:
        world.put("a/b/one", "first")
        world.settings = SourceSettings(objects_max=2)
        with pytest.raises(SourceTooLarge):
            Look.of(world.connector())

    def test_no_more_bytes_than_the_limit(self, world: GitWorld) -> None:
        world.put("one", "first")
        world.settings = SourceSettings(trees_bytes_max=200)
        with pytest.raises(SourceTooLarge):
            Look.of(world.connector())

    def test_what_is_no_repository_is_told(self, world: GitWorld, tmp_path: Path) -> None:
        (tmp_path / "repository" / ".git" / "HEAD").unlink()
        with pytest.raises(SourceUnreachable):
            Look.of(world.connector())

    def test_an_internal_address_is_refused_by_the_guard(self, world: GitWorld) -> None:
        with pytest.raises(SourceUnreachable, match="may not be called"):
            Look.of(connectors(world.settings).connect(world.config()))


class TestGitThatSendsAll(GitConformance):
    @pytest.fixture
    def world(self, git_server: GitServer) -> GitWorld:
        return GitWorld(git_server, filters=False, hash_name="sha256")
