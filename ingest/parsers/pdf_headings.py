"""Which lines of a PDF are headings, and of which level.

Body text is the commonest pair of size and weight. A short line that is larger, or as large and
bolder, is a heading; levels follow the bookmarks where the document has them, else section
numbers, else the sizes.
"""

import re
from collections import Counter
from itertools import islice, pairwise, takewhile

from ingest.parsers.building import LEVEL_MAX
from ingest.parsers.pdf_lines import Line, Page

Style = tuple[float, bool]

_LARGER = 1.08
_LEVELS_BY_SIZE = 4
_WORDS = re.compile(r"[^\W\d_]{2}")
_CHARACTERS_MAX = 160
_NUMBER_SHARE_MAX = 0.35
_ENDS_OPEN = tuple(",;，；、。")
_NUMBERED = re.compile(
    r"^(?:第[一二三四五六七八九十百零\d]+[章节節条條]|(\d{1,2}(?:\.\d{1,2}){0,4})[.、]?\s+\D|"
    r"(?:chapter|appendix|part|item|annex)\s+[\dIVXA-Z])",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,5})\.?\s+(?=\D)")
_RULE = re.compile(r"_{3,}")
_OUTLINE_LINES_MIN = 5  # bookmarks found on the pages; then other headings go below them
_TITLE_LINES_MAX = 3
_SPACE = re.compile(r"\s+")


class Headings:
    """Heading levels of the lines of one document, and its title."""

    def __init__(self, pages: list[Page], bookmarks: list[tuple[str, int]]) -> None:
        lines = [line for page in pages for line in page.lines]
        self._body = _body_style(lines)
        self._bookmarks = {_key(title): min(level, LEVEL_MAX) for title, level in bookmarks}
        marked = [line for line in lines if self._stands_out(line) and self._marked(line)]
        styles = Counter(style(line) for line in lines if self._stands_out(line))
        if len(marked) >= _OUTLINE_LINES_MIN:
            below = min(max(map(self._marked, marked)) + 1, LEVEL_MAX)
            self._levels = dict.fromkeys(styles, below)
        else:
            self._levels = _levels(styles, self._body)
        self.title = _title(pages, self)

    def level(self, line: Line) -> int:
        """1 to 6 for a heading, 0 for any other line."""
        marked = self._marked(line)
        if marked and len(line.cells) <= 2:  # noqa: PLR2004 - a number, a gap and the title
            return marked
        if not self._stands_out(line):
            return 0
        return self._level_of_number(line) or self._levels.get(style(line), 0)

    def _marked(self, line: Line) -> int:
        """Level of the bookmark with this text, with or without its section number; else 0."""
        keys = (_key(line.text), _key(_NUMBER.sub("", line.text)))
        return next((self._bookmarks[key] for key in keys if key in self._bookmarks), 0)

    def _level_of_number(self, line: Line) -> int:
        """Section numbers tell the level where sizes do not: "3.2.1" is one below "3.2"."""
        number = _NUMBER.match(line.text)
        if self._bookmarks or not number:
            return 0
        depth = number[1].count(".") + 1
        larger = line.size > self._body[0] * _LARGER
        return min(depth, LEVEL_MAX) if depth > 1 or larger else 0

    def _stands_out(self, line: Line) -> bool:
        size, bold = self._body
        larger = line.size > size * _LARGER
        bolder = line.bold and not bold and line.size >= size * 0.95
        return (larger or bolder) and _reads_like_a_heading(line)


def style(line: Line) -> Style:
    """Return what two lines of the same role have in common."""
    return line.size, line.bold


def _key(text: str) -> str:
    return _SPACE.sub("", text).casefold()


def _body_style(lines: list[Line]) -> Style:
    counts: Counter[Style] = Counter()
    for line in lines:
        counts[style(line)] += len(line.text)
    return counts.most_common(1)[0][0] if counts else (0.0, False)


def _levels(styles: Counter[Style], body: Style) -> dict[Style, int]:
    """Larger first; bold text of body size comes after all larger sizes."""
    sizes = sorted({size for size, _ in styles if size > body[0] * _LARGER}, reverse=True)
    groups = _grouped(sizes)
    levels = {
        key: min(
            next((i for i, group in enumerate(groups) if key[0] in group), len(groups)),
            _LEVELS_BY_SIZE,
        )
        + 1
        for key in styles
    }
    return {key: min(level, LEVEL_MAX) for key, level in levels.items()}


def _grouped(sizes: list[float]) -> list[set[float]]:
    """Sizes within half a point of their neighbour are one level."""
    groups: list[set[float]] = [{sizes[0]}] if sizes else []
    for larger, smaller in pairwise(sizes):
        if larger - smaller > 0.5:  # noqa: PLR2004 - points
            groups.append(set())
        groups[-1].add(smaller)
    return groups


def _reads_like_a_heading(line: Line) -> bool:
    text = line.text
    if len(text) > _CHARACTERS_MAX or not _WORDS.search(text) or text.endswith(_ENDS_OPEN):
        return False
    if len(line.cells) > 1 and not _NUMBERED.match(text):
        return False
    words = _NUMBER.sub("", text)
    return sum(map(str.isdigit, words)) <= _NUMBER_SHARE_MAX * len(words)


def _title(pages: list[Page], headings: Headings) -> str | None:
    """Take the largest heading on the first page that has one, with the lines it runs over."""
    for page in pages[:2]:
        found = [line for line in page.lines if headings.level(line)]
        if found:
            largest = max(line.size for line in found)
            is_title = [line in found and line.size == largest for line in page.lines]
            start = is_title.index(True)
            lines = takewhile(
                lambda pair: pair[1], zip(page.lines[start:], is_title[start:], strict=True)
            )
            return _RULE.sub("", " ".join(line.text for line, _ in islice(lines, _TITLE_LINES_MAX)))
    return None
