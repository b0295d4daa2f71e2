"""A real worker process keeps a collection in step with a folder and a web site."""

import functools
import threading
import time
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import select

from ingest.connectors.configuration import FolderConfig, WebConfig
from ingest.connectors.holding import Holding
from ingest.connectors.service import SourceService
from retrieval.access import scope_for
from retrieval.tables import Document
from security.principal import Role
from security.tables import Grant
from tests.integration.ingest.worker_harness import (
    TENANT,
    WAIT_SECONDS_MAX,
    World,
    finish,
    utc_now,
)


class Connected:
    """A world with a source, whose worker runs."""

    def __init__(self, world: World) -> None:
        self.world = world
        holding = Holding(
            keyring=world.keyring, blobs=world.blobs, audit=world.audit, clock=utc_now
        )
        self._sources = SourceService(
            keyring=world.keyring,
            audit=world.audit,
            collections=world.collections,
            holding=holding,
            settings=world.source_settings,
            clock=utc_now,
        )
        self._id = ""

    def connect(self, config: FolderConfig | WebConfig) -> None:
        with self.world.database.transaction() as session:
            owner = self.world.owner
            self._id = self._sources.create(session, owner, "Papers", config).id

    def sync(self) -> None:
        with self.world.database.transaction() as session:
            self._sources.sync_now(session, self.world.owner, self._id)

    def documents(self) -> dict[str, str]:
        """Return the ready documents: id by name."""
        with self.world.database.reading() as session:
            scope = scope_for(session, self.world.owner)
            page = self.world.documents.page(session, scope)
            return {one.name: one.id for one in page.items if one.status == "ready"}

    def wait(self, holds: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not holds(found := self.documents()):
            assert time.monotonic() < deadline, self.world.log()
            time.sleep(0.1)
        return found


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Serve a folder; return it with its address."""
    folder = tmp_path / "site"
    folder.mkdir()
    handler = functools.partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def connected(tmp_path: Path, site: tuple[Path, str]) -> Iterator[Connected]:
    world = World(tmp_path)
    world.create()
    with world.database.transaction() as session:  # a source has the rights that the rows say
        grant = {"user_id": world.owner.user_id, "role": Role.OWNER, "created_at": utc_now()}
        session.add(Grant(id="0" * 32, tenant_id=TENANT, **grant))
    process = world.start("--internal-origin", site[1])
    yield Connected(world)
    finish(process)
    world.close()


def test_a_folder_is_followed(connected: Connected, tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "a.txt").write_text("The first text.")
    connected.connect(FolderConfig(kind="folder", path=str(folder)))
    first = connected.wait(lambda found: "a.txt" in found)
    (folder / "a.txt").write_text("Another text, which is longer.")
    connected.sync()
    second = connected.wait(lambda found: found.get("a.txt") not in {None, first["a.txt"]})
    (folder / "a.txt").rename(folder / "b.txt")
    connected.sync()
    assert connected.wait(lambda found: "b.txt" in found) == {"b.txt": second["a.txt"]}
    (folder / "b.txt").unlink()
    connected.sync()
    assert connected.wait(lambda found: not found) == {}
    with connected.world.database.reading() as session:
        assert session.scalars(select(Document)).all() == []


def test_a_web_site_is_followed(connected: Connected, site: tuple[Path, str]) -> None:
    folder, url = site
    page = "<!doctype html><title>{0}</title><p>About {0}.</p><a href='{1}'>next</a>"
    (folder / "index.html").write_text(page.format("Home", "b.html"))
    (folder / "b.html").write_text(page.format("More", "/"))
    connected.connect(WebConfig(kind="web", url=f"{url}/"))
    connected.wait(lambda found: set(found) == {"Home.html", "More.html"})
    (folder / "index.html").write_text(page.format("Start here", "/"))
    connected.sync()
    connected.wait(lambda found: set(found) == {"Start here.html"})
