"""Web sites as sources."""

import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ingest.connectors.configuration import WebConfig
from ingest.connectors.errors import SourceInvalid, SourceUnreachable
from ingest.connectors.port import Connector
from ingest.connectors.settings import SourceSettings
from tests.unit.ingest_pipeline.connectors.conformance import Conformance, Look, connectors


@dataclass
class WebWorld:
    """A web site on loopback; `pages` are bodies by path, `answers` other statuses."""

    pages: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    has_sitemap: bool = True
    url: str = ""
    settings: SourceSettings = field(
        default_factory=lambda: SourceSettings(page_wait_seconds_min=0)
    )

    def put(self, name: str, text: str) -> None:
        self.pages[f"/{name}"] = self.content(text)

    def remove(self, name: str) -> None:
        del self.pages[f"/{name}"]

    def content(self, text: str) -> bytes:
        return f"<!doctype html><title>{text}</title><p>{text}</p>".encode()

    def break_down(self) -> None:
        self.answers["/robots.txt"] = 503

    def connector(self, start: str = "/", depth_max: int = 3) -> Connector:
        config = WebConfig(kind="web", url=self.url + start, depth_max=depth_max)
        return connectors(self.settings, self.url).connect(config.checked(self.settings))

    def answer(self, path: str, etag: str | None) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path)
        if path in self.answers:
            return self.answers[path], {}, b""
        if path in self.moved:
            return 302, {"Location": self.moved[path]}, b""
        if path == "/sitemap.xml" and self.has_sitemap:
            urls = "".join(
                f"<url><loc>{self.url}{page}</loc></url>" for page in self.pages if "." not in page
            )
            return 200, {"Content-Type": "application/xml"}, f"<urlset>{urls}</urlset>".encode()
        body = self.pages.get(path)
        if body is None:
            return 404, {}, b""
        own = f'"{sha256(body).hexdigest()}"'
        if etag == own:
            return 304, {"ETag": own}, b""
        return 200, {"Content-Type": "text/html; charset=utf-8", "ETag": own}, body


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, site: WebWorld, *arguments: Any) -> None:
        self.site = site
        super().__init__(*arguments)

    def do_GET(self) -> None:
        status, headers, body = self.site.answer(self.path, self.headers["If-None-Match"])
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[WebWorld]:
    site = WebWorld()
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, site)) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        site.url = f"http://127.0.0.1:{server.server_port}"
        yield site
        server.shutdown()


class TestWebWithSitemap(Conformance):
    @pytest.fixture
    def world(self, site: WebWorld) -> WebWorld:
        return site

    def test_a_page_that_fails_now_is_kept(self, world: WebWorld) -> None:
        world.put("one", "first")
        world.put("two", "second")
        before = Look.of(world.connector())
        world.answers["/one"] = 500
        look = Look.of(world.connector(), before)
        assert look.seen == before.seen

    def test_a_sitemap_that_fails_deletes_nothing(self, world: WebWorld) -> None:
        world.answers["/sitemap.xml"] = 500
        with pytest.raises(SourceUnreachable):
            Look.of(world.connector())

    def test_pages_are_named_by_their_title(self, world: WebWorld) -> None:
        world.put("one", "First")
        assert Look.of(world.connector()).names == {f"{world.url}/one": "First.html"}

    def test_robots_are_obeyed(self, world: WebWorld) -> None:
        world.put("open", "open")
        world.put("private/a", "closed")
        world.pages["/robots.txt"] = b"User-agent: *\nDisallow: /private/\n"
        look = Look.of(world.connector())
        assert set(look.names.values()) == {"open.html"}
        assert "/private/a" not in world.asked

    def test_a_page_that_asks_not_to_be_kept_is_not(self, world: WebWorld) -> None:
        world.pages["/one"] = b"<meta name=robots content='NoIndex, follow'><p>text"
        assert Look.of(world.connector()).contents == {}


class TestWebByLinks:
    @pytest.fixture
    def world(self, site: WebWorld) -> WebWorld:
        site.has_sitemap = False
        return site

    def link(self, world: WebWorld, path: str, *targets: str) -> None:
        links = "".join(f"<a href='{target}'>x</a>" for target in targets)
        world.pages[path] = f"<!doctype html><p>{path}</p>{links}".encode()

    def paths(self, world: WebWorld, look: Look) -> set[str]:
        return {key.removeprefix(world.url) for key in look.contents}

    def test_links_are_followed_so_deep(self, world: WebWorld) -> None:
        self.link(world, "/", "/a#part", "a")
        self.link(world, "/a", "/b")
        self.link(world, "/b", "/c")
        self.link(world, "/c")
        look = Look.of(world.connector(depth_max=2))
        assert self.paths(world, look) == {"/", "/a", "/b"}
        assert Look.of(world.connector(depth_max=2), look).contents == {}

    def test_other_sites_and_folders_are_left_alone(self, world: WebWorld) -> None:
        self.link(world, "/docs/", "/docs/a", "/other", "http://169.254.169.254/", "file:///etc")
        self.link(world, "/docs/a")
        self.link(world, "/other")
        assert self.paths(world, Look.of(world.connector("/docs/"))) == {"/docs/", "/docs/a"}
        assert "/other" not in world.asked

    def test_a_redirect_leads_on_within_the_site_only(self, world: WebWorld) -> None:
        self.link(world, "/", "/old", "/out")
        self.link(world, "/new")
        world.moved = {"/old": "/new", "/out": "http://127.0.0.1:1/"}
        assert self.paths(world, Look.of(world.connector())) == {"/", "/new"}

    def test_a_failure_hides_what_it_alone_leads_to(self, world: WebWorld) -> None:
        self.link(world, "/", "/a")
        self.link(world, "/a", "/b")
        self.link(world, "/b")
        before = Look.of(world.connector())
        world.answers["/a"] = 500
        look = Look.of(world.connector(), before)
        assert not look.end.complete

    def test_no_more_pages_than_the_limit(self, world: WebWorld) -> None:
        world.settings = world.settings.model_copy(update={"pages_max": 2})
        self.link(world, "/", "/a", "/b", "/c")
        for path in ("/a", "/b", "/c"):
            self.link(world, path)
        look = Look.of(world.connector())
        assert len(look.contents) == 2
        assert not look.end.complete

    def test_a_first_page_that_is_gone_deletes_nothing(self, world: WebWorld) -> None:
        with pytest.raises(SourceUnreachable):
            Look.of(world.connector())

    def test_an_internal_address_is_refused_by_the_guard(self, world: WebWorld) -> None:
        self.link(world, "/")
        config = WebConfig(kind="web", url=world.url + "/")
        with pytest.raises(SourceUnreachable, match="may not be called"):
            Look.of(connectors(world.settings).connect(config))


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "example.com", "https://a:b@c.example/", "x"]
)
def test_only_web_addresses_without_secrets(url: str) -> None:
    with pytest.raises(SourceInvalid):
        WebConfig(kind="web", url=url).checked(SourceSettings())
