"""A web site, or the part of one below an address: what its sitemap lists, or what links lead to.

With a sitemap its pages are asked for on the condition that they changed. Without one each page is
read again for its links.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from io import BytesIO
from typing import Final

from ingest import detect
from ingest.connectors.errors import SourceUnreachable
from ingest.connectors.port import End, Event, Item, Kept
from ingest.connectors.settings import SourceSettings
from ingest.connectors.site_client import Answer, SiteClient
from ingest.connectors.web_pages import Page, Site, file_name, read_page, read_sitemap

_EXTENSIONS: Final = {
    media_type: name for name, media_type in reversed([*detect.EXTENSIONS.items()])
}
_HTML: Final = frozenset({detect.HTML, "application/xhtml+xml"})
_SITEMAPS_MAX: Final = 50


@dataclass(slots=True)
class _Walk:
    """The pages still to read, with how many links away they are, and those already met."""

    site: Site
    pages_max: int
    waiting: deque[tuple[str, int]] = field(default_factory=deque)
    met: set[str] = field(default_factory=set)
    is_whole: bool = True

    def add(self, url: str, depth: int) -> None:
        """Take an address in, unless it lies elsewhere or is known."""
        if not self.site.holds(url) or url in self.met:
            return
        if len(self.met) >= self.pages_max:
            self.is_whole = False
            return
        self.met.add(url)
        self.waiting.append((url, depth))


class WebConnector:
    """Reads one site; `client` obeys its robots.txt and the guard of outgoing requests."""

    def __init__(
        self, start: str, depth_max: int, settings: SourceSettings, client: Callable[[], SiteClient]
    ) -> None:
        self._site = Site(start)
        self._depth_max = min(depth_max, settings.depth_max)
        self._settings = settings
        self._client = client

    def changes(self, cursor: str | None, known: Mapping[str, str]) -> Iterator[Event]:  # noqa: ARG002 - each look is a whole one
        """Yield an item for each page; see the port.

        Raises:
            SourceUnreachable: the first address or the rules for programs cannot be read.
        """
        walk = _Walk(self._site, self._settings.pages_max)
        with self._client() as client:
            listed = self._listed(client)
            for url in listed or [self._site.start]:
                walk.add(url, 0)
            while walk.waiting:
                url, depth = walk.waiting.popleft()
                follows = not listed and depth < self._depth_max
                yield from self._read(client, walk, (url, depth), follows, known)
        yield End("", complete=walk.is_whole)

    def _listed(self, client: SiteClient) -> list[str]:
        """Return the pages that the site's sitemaps list, none without a sitemap."""
        waiting = deque(client.sitemaps(self._site.origin))
        seen, pages = set(waiting), dict[str, None]()
        while waiting and len(seen) <= _SITEMAPS_MAX:
            url = waiting.popleft()
            if not self._site.has(url):
                continue
            answer = client.get(url)
            if answer is None or answer.is_failure:
                raise SourceUnreachable  # without the list, pages would seem to be gone
            if answer.status != HTTPStatus.OK:
                continue
            found = read_sitemap(url, answer.content)
            pages |= dict.fromkeys(page for page in found.pages if self._site.holds(page))
            waiting.extend(one for one in found.sitemaps if one not in seen)
            seen.update(found.sitemaps)
        return list(pages)

    def _read(
        self,
        client: SiteClient,
        walk: _Walk,
        place: tuple[str, int],
        follows: bool,  # noqa: FBT001 - as above
        known: Mapping[str, str],
    ) -> Iterator[Event]:
        url, depth = place
        answer = client.get(url, None if follows else known.get(url))
        if url == self._site.start and not (answer and self._leads_on(answer)):
            raise SourceUnreachable
        if answer is None or answer.is_failure:
            # Nothing can be said of it now, nor of the pages that it alone leads to.
            walk.is_whole = walk.is_whole and not follows
            yield Kept(url)
        elif answer.is_unchanged:
            yield Kept(url)
        elif answer.location is not None:
            walk.add(answer.location, depth)
        elif answer.media_type in _EXTENSIONS or answer.media_type in _HTML:
            yield from self._page(walk, (url, depth), follows, answer)

    def _leads_on(self, answer: Answer) -> bool:
        if answer.location is not None:
            return self._site.holds(answer.location)
        return answer.status in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}

    def _page(
        self,
        walk: _Walk,
        place: tuple[str, int],
        follows: bool,  # noqa: FBT001 - as above
        answer: Answer,
    ) -> Iterator[Event]:
        url, depth = place
        page, extension = Page("", (), may_index=True, may_follow=True), ".html"
        if answer.media_type in _HTML:
            page = read_page(url, answer.content, answer.charset)
        else:
            extension = _EXTENSIONS[answer.media_type]
        for link in page.links if follows and page.may_follow else ():
            walk.add(link, depth + 1)
        if page.may_index and answer.content:
            version = answer.version or f"sha256:{sha256(answer.content).hexdigest()}"
            content = answer.content
            yield Item(
                url, version, file_name(url, page.title, extension), lambda: BytesIO(content)
            )
