"""Reading what a web site sends: addresses, sitemaps, and the links of a page.

This happens outside the sandbox of the parsers, so it is Python's own code, and no library's in C.
"""

import re
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from typing import Final
from urllib.parse import unquote, urldefrag, urljoin, urlsplit, urlunsplit

_PORTS: Final = {"http": 80, "https": 443}
_TITLE_CHARACTERS_MAX: Final = 120
_ADDRESS_CHARACTERS_MAX: Final = 2_000
_LOCATION: Final = re.compile(rb"<loc>\s*([^<\s]{1,4000})\s*</loc>")
_INDEX: Final = re.compile(rb"<sitemapindex[\s>]")


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says of itself; `links` are absolute and may lead anywhere."""

    title: str
    links: tuple[str, ...]
    may_index: bool
    may_follow: bool


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The pages that a sitemap lists, or the further sitemaps of an index."""

    pages: tuple[str, ...]
    sitemaps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """The part of a web site below one address: same origin, same folder."""

    start: str

    @property
    def origin(self) -> str:
        """Scheme, host and port, as the start of an address."""
        parts = urlsplit(self.start)
        return f"{parts.scheme}://{parts.netloc}"

    def holds(self, url: str) -> bool:
        """Whether an address is of this part of the site."""
        folder = urlsplit(self.start).path.rpartition("/")[0] + "/"
        return self.has(url) and urlsplit(url).path.startswith(folder)

    def has(self, url: str) -> bool:
        """Whether an address is of this site at all."""
        return url.startswith(f"{self.origin}/")


def absolute(base: str, reference: str) -> str | None:
    """Return the address that a link on `base` leads to, in one spelling; None for no web page."""
    try:
        parts = urlsplit(urldefrag(urljoin(base, reference.strip())).url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username or parts.password:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    netloc = host if port in {None, _PORTS[parts.scheme]} else f"{host}:{port}"
    url = urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))
    return url if len(url) <= _ADDRESS_CHARACTERS_MAX else None


def read_page(url: str, content: bytes, charset: str | None) -> Page:
    """Find a page's title and links, and what its `robots` says."""
    try:
        text = content.decode(charset or "utf-8", "replace")
    except LookupError:
        text = content.decode("utf-8", "replace")
    reader = _Reader()
    reader.feed(text)
    reader.close()
    base = absolute(url, reader.base) or url
    links = (absolute(base, link) for link in reader.links)
    said = set(re.split(r"[\s,]+", reader.robots.lower()))
    return Page(
        " ".join(reader.title.split())[:_TITLE_CHARACTERS_MAX],
        tuple(dict.fromkeys(link for link in links if link)),
        may_index=not said & {"noindex", "none"},
        may_follow=not said & {"nofollow", "none"},
    )


def read_sitemap(url: str, content: bytes) -> Sitemap:
    """Read a sitemap or an index of them; what is neither lists nothing."""
    texts = (unescape(text.decode("utf-8", "replace")) for text in _LOCATION.findall(content))
    found = tuple(location for text in texts if (location := absolute(url, text)) is not None)
    return Sitemap((), found) if _INDEX.search(content) else Sitemap(found, ())


def file_name(url: str, title: str, extension: str) -> str:
    """Name a page: by its title if it has one, else by the last part of its address."""
    parts = urlsplit(url)
    last = unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc
    name = title.replace("/", " ").replace("\\", " ") or last
    return name if name.lower().endswith(extension) else name + extension


class _Reader(HTMLParser):
    """Collects what a program that walks a site needs to know of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = self.base = self.robots = ""
        self.links: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._in_title = tag == "title" and not self.title
        if tag == "a" and "nofollow" not in values.get("rel", "").lower().split():
            self.links.extend([values["href"]] if "href" in values else [])
        elif tag == "base" and not self.base:
            self.base = values.get("href", "")
        elif tag == "meta" and values.get("name", "").lower() == "robots":
            self.robots += f" {values.get('content', '')}"

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
