"""Requests to one web site: polite, bounded, and through the guard of outgoing requests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self

from ingest.connectors.errors import AddressRefused, SourceUnreachable
from ingest.connectors.robots import AGENT, Robots, parse_robots
from ingest.connectors.settings import SourceSettings
from ingest.connectors.web_pages import absolute
from ingest.pipeline.steps import Interrupted
from security.errors import OutboundFailed, OutboundRefused, OutboundTooLarge
from security.outbound import OutboundClient

_ETAG, _MODIFIED = "etag:", "modified:"
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_GONE: Final = frozenset({401, 403, 404, 410})
"""What says that there is nothing here for us, as against a failure that may pass."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site said; `version` is its own word for the content's, if it has one."""

    status: int
    media_type: str
    charset: str | None
    content: bytes
    version: str | None
    location: str | None

    @property
    def is_unchanged(self) -> bool:
        """Whether it is as we know it."""
        return self.status == HTTPStatus.NOT_MODIFIED

    @property
    def is_failure(self) -> bool:
        """Whether nothing can be said of the page now."""
        known = {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED, *_REDIRECTS, *_GONE}
        return self.status not in known


class SiteClient:
    """Fetches what robots.txt lets it, with a wait between requests; close it after use.

    `wait` sleeps for so many seconds and tells whether the worker is to stop.
    """

    def __init__(
        self,
        http: OutboundClient,
        origin: str,
        settings: SourceSettings,
        wait: Callable[[float], bool],
    ) -> None:
        self._http = http
        self._origin = origin
        self._settings = settings
        self._wait = wait
        self._robots: Robots | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, url: str, version: str | None = None) -> Answer | None:
        """Fetch an address, or ask whether it has changed since `version`.

        None for what cannot be fetched now; what robots.txt forbids is as if it were not there.

        Raises:
            SourceUnreachable: robots.txt cannot be read, so nothing may be (RFC 9309, 2.3.1.4).
            Interrupted: the worker stops.
        """
        robots = self._rules()
        if not robots.allows(url):
            return Answer(HTTPStatus.FORBIDDEN, "", None, b"", None, None)
        asked = max(robots.wait_seconds, self._settings.page_wait_seconds_min)
        if self._wait(min(asked, self._settings.page_wait_seconds_max)):
            raise Interrupted
        return self._fetch(url, version)

    def sitemaps(self, origin: str) -> Sequence[str]:
        """Return where the site's lists of pages are, or where they usually are."""
        return self._rules().sitemaps or (f"{origin}/sitemap.xml",)

    def _rules(self) -> Robots:
        if self._robots is None:
            answer = self._fetch(f"{self._origin}/robots.txt", None)
            if answer is None or (answer.is_failure and answer.status not in range(400, 500)):
                raise SourceUnreachable
            found = answer.status == HTTPStatus.OK
            self._robots = parse_robots(answer.content if found else b"")
        return self._robots

    def _fetch(self, url: str, version: str | None) -> Answer | None:
        headers = {"User-Agent": f"{AGENT}/1 (knowledge base of an organisation)"}
        if version is not None and version.startswith(_ETAG):
            headers["If-None-Match"] = version.removeprefix(_ETAG)
        elif version is not None and version.startswith(_MODIFIED):
            headers["If-Modified-Since"] = version.removeprefix(_MODIFIED)
        try:
            response = self._http.get(url, headers=headers)
        except OutboundRefused as error:
            raise AddressRefused from error
        except OutboundTooLarge:
            return Answer(HTTPStatus.FORBIDDEN, "", None, b"", None, None)
        except OutboundFailed:
            return None
        return _answer(url, response.status_code, response.headers, response.content)


def _answer(url: str, status: int, headers: Mapping[str, str], content: bytes) -> Answer:
    kind, _, rest = headers.get("content-type", "").partition(";")
    charset = rest.partition("charset=")[2].strip(" \"'") or None
    etag, modified = headers.get("etag"), headers.get("last-modified")
    version = _ETAG + etag if etag else _MODIFIED + modified if modified else None
    location = absolute(url, headers.get("location", "")) if status in _REDIRECTS else None
    return Answer(status, kind.strip().lower(), charset, content, version, location)
