"""What a web site asks of programs that read it (RFC 9309), and where its list of pages is."""

from dataclasses import dataclass
from typing import Final
from urllib.robotparser import RobotFileParser

AGENT: Final = "Sourcebook"
_TEXT_BYTES_MAX: Final = 500 * 1024
"""As much of the file as section 2.5 says must be read."""


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one site; `wait_seconds` is what it asks for between requests, if it does."""

    rules: RobotFileParser
    wait_seconds: float
    sitemaps: tuple[str, ...]

    def allows(self, url: str) -> bool:
        """Whether this program may fetch an address."""
        return self.rules.can_fetch(AGENT, url)


def parse_robots(content: bytes) -> Robots:
    """Read a robots.txt; an empty one allows everything."""
    rules = RobotFileParser()
    rules.parse(content[:_TEXT_BYTES_MAX].decode("utf-8", "replace").splitlines())
    delay = rules.crawl_delay(AGENT)
    return Robots(rules, float(delay or 0), tuple(rules.site_maps() or ()))
