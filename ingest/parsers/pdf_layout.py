"""Lines of a PDF to blocks: headings, paragraphs, list items, tables; one box per line."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ingest.blocks import Block, BlockKind
from ingest.parsers import pdf_tables
from ingest.parsers.characters import join_lines
from ingest.parsers.pdf_columns import in_reading_order
from ingest.parsers.pdf_headings import Headings
from ingest.parsers.pdf_lines import Line, Page
from ingest.parsers.rows import row_text
from retrieval.corpus import Box

_LIST_ITEM = re.compile(
    r"^(?:[•▪‣◦●○■□·–—*]|\(?\d{1,2}[.)]|\(?[a-z][.)]|[（(][一二三四五六七八九十\d]+[)）])\s+\S"
)
_SENTENCE_END = tuple(".!?。！？:：")
_OPEN_ADDRESS = re.compile(r"(?:https?|ftp)://[^\s()<>]*[/._#?=&%-]$")
_PITCH_MAX = 1.75  # distance of the bottoms of two lines of a paragraph, in line sizes
_HEADING_CHARACTERS_MAX = 200
_INDENT = 1.0  # in line sizes
_SHORT = 0.85  # a line ends early when it fills less of its paragraph's width


@dataclass(slots=True)
class _Open:
    """The block that is being filled."""

    kind: BlockKind
    level: int
    page: Page
    lines: list[Line] = field(default_factory=list)

    def closed(self) -> Block:
        if self.kind == "table":
            return self._table()
        boxes: tuple[Box, ...] = tuple(self.page.box(line) for line in self.lines)
        text = self._text()
        if self.kind == "heading" and len(text) > _HEADING_CHARACTERS_MAX:
            return Block("text", text, 0, self.page.number, boxes)  # a paragraph in bold
        return Block(self.kind, text, self.level, self.page.number, boxes)

    def _table(self) -> Block:
        """Make a table with one line of text and one box for each row."""
        rows = list(pdf_tables.rows(self.lines, self.page.rules))
        texts = [row_text(cells) for cells, _ in rows]
        boxes = tuple(_around([self.page.box(line) for line in lines]) for _, lines in rows)
        return Block("table", "\n".join(texts), page=self.page.number, boxes=boxes)

    def _text(self) -> str:
        text = ""
        for line in self.lines:
            hyphenated = bool(text) and text.endswith("\x02")
            whole = hyphenated or _breaks_address(text, line.text)
            text = text.removesuffix("\x02") + line.text if whole else join_lines(text, line.text)
            text += "\x02" if line.hyphenated else ""
        return text.rstrip("\x02")


def blocks(pages: Iterable[Page], headings: Headings) -> Iterator[Block]:
    """Blocks in reading order; none runs over the end of a page."""
    for page in pages:
        current: _Open | None = None
        lines = in_reading_order(page)
        for index, line in enumerate(lines):
            around = lines[index - 1 : index] if index else [], lines[index + 1 : index + 2]
            kind, level = _kind(line, *around, headings)
            if current is not None and _continues(current, line, kind, level):
                current.lines.append(line)
                continue
            if current is not None:
                yield current.closed()
            current = _Open(kind, level, page, [line])
        if current is not None:
            yield current.closed()


def _breaks_address(text: str, following: str) -> bool:
    """Whether a web address goes on in the next line."""
    return bool(_OPEN_ADDRESS.search(text) and following[:1].isalnum() and following[:1].islower())


def _around(boxes: Sequence[Box]) -> Box:
    return Box(
        boxes[0].page,
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


def _kind(
    line: Line, before: list[Line], after: list[Line], headings: Headings
) -> tuple[BlockKind, int]:
    level = headings.level(line)
    if level:
        return "heading", level
    rows = [_is_row(line, other) for other in before + after]
    if len(line.cells) > 2 or (len(line.cells) > 1 and any(rows)):  # noqa: PLR2004 - two cells may be a numbered line
        return "table", 0
    if len(rows) == 2 and all(rows) and not line.cells:  # noqa: PLR2004 - both neighbours
        return "table", 0  # a label that runs over two lines
    return ("list" if line.entry or _LIST_ITEM.match(line.text) else "text"), 0


def _is_row(line: Line, other: Line) -> bool:
    """Whether `other`, before or after `line`, is a row of cells close to it."""
    return len(other.cells) > 1 and abs(other.bottom - line.bottom) < _PITCH_MAX * line.size


def _continues(current: _Open, line: Line, kind: BlockKind, level: int) -> bool:
    """Whether `line` goes on the block that is open."""
    last = current.lines[-1]
    pitch = line.bottom - last.bottom
    near = 0.3 * line.size < pitch < _PITCH_MAX * max(line.size, last.size)
    alike = abs(line.size - last.size) <= 0.1 * last.size
    if kind == "heading" or current.kind == "heading":
        return (
            kind == current.kind
            and level == current.level
            and near
            and alike
            and (line.bold == last.bold)
        )
    if current.kind == "table":
        return kind == "table" and 0 < pitch < 3 * _PITCH_MAX * line.size
    if kind != "text" or not near or not alike or last.entry:
        return False
    return not _starts_paragraph(current, line)


def _starts_paragraph(current: _Open, line: Line) -> bool:
    first, last = current.lines[0], current.lines[-1]
    if last.hyphenated:
        return False
    if current.kind == "list":
        return line.left < first.left - 0.2 * line.size
    if line.left > last.right or line.right < min(each.left for each in current.lines):
        return True  # another column
    width = max(each.right for each in current.lines) - min(each.left for each in current.lines)
    ended = last.text.endswith(_SENTENCE_END)
    short = last.right - min(each.left for each in current.lines) < _SHORT * max(
        width, line.right - line.left
    )
    indented = line.left > last.left + _INDENT * line.size and len(current.lines) > 1
    return ended and (short or indented)
