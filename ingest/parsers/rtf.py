"""Rich Text Format: paragraphs, headings by style or outline level, lists, tables.

A reader of our own, because those that are well kept give plain text only. Text is decoded by the
charset of its font, which is how Chinese is written by programs that do not write Unicode.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.blocks import Block, ParsedDocument
from ingest.errors import DocumentDamaged
from ingest.parsers import building
from ingest.parsers.rows import table_blocks
from ingest.parsers.rtf_tokens import Token, tokens
from ingest.settings import ParseLimits

_GROUPS_DEEP_MAX = 1_000
CODE_PAGES = {  # of \fcharset; the names are Python's
    0: "cp1252",
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    134: "gb18030",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
}
_SKIPPED = frozenset(
    b"colortbl pict header headerl headerr headerf footer footerl footerr footerf fldinst listtext "
    b"pntext pntxta pntxtb object filetbl revtbl ftnsep ftnsepc aftnsep aftnsepc author operator "
    b"company doccomm subject keywords category manager comment creatim revtim printim buptim "
    b"nonshppict xe tc".split()
)
_CHARACTERS = {
    b"tab": "\t",
    b"line": "\n",
    b"emdash": "—",
    b"endash": "–",
    b"lquote": "‘",
    b"rquote": "’",
    b"ldblquote": "“",
    b"rdblquote": "”",
    b"bullet": "•",
    b"emspace": " ",
    b"enspace": " ",
}
_SYMBOLS = {b"~": "\u00a0", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}"}
_DESTINATIONS = {
    b"fonttbl": "font",
    b"stylesheet": "style",
    b"info": "info",
    b"title": "title",
    b"footnote": "note",
}
_PARAGRAPH_ENDS = frozenset({b"par", b"sect", b"page"})


@dataclass(slots=True)
class _State:
    """What holds in a group, and goes back at its end."""

    destination: str = "body"
    font: int = 0
    unicode_skip: int = 1
    hidden: bool = False


@dataclass(slots=True)
class _Style:
    """What holds for a paragraph."""

    level: int = 0
    in_list: bool = False
    in_table: bool = False


def parse(path: Path, limits: ParseLimits) -> ParsedDocument:  # noqa: ARG001 - one signature for all
    """Read blocks without pages. Raises: DocumentDamaged."""
    reader = _Reader()
    for token in tokens(path.read_bytes()):
        reader.take(token)
    return building.document(reader.finished(), title=reader.title)


@dataclass(slots=True)
class _Reader:
    """Follows the tokens and collects blocks."""

    blocks: list[Block] = field(default_factory=list)
    title: str = ""
    _state: _State = field(default_factory=_State)
    _above: list[_State] = field(default_factory=list)
    _style: _Style = field(default_factory=_Style)
    _text: str = ""
    _note: str = ""
    _notes: list[str] = field(default_factory=list)
    _bytes: bytes = b""
    _cells: list[str] = field(default_factory=list)
    _rows: list[list[str]] = field(default_factory=list)
    _charsets: dict[int, str] = field(default_factory=dict)
    _levels: dict[int, int] = field(default_factory=dict)
    _code_page: str = "cp1252"
    _styled: int = 0
    _to_skip: int = 0
    _opened: bool = False

    def take(self, token: Token) -> None:
        opened, self._opened = self._opened, token.kind == "open"
        match token.kind:
            case "open":
                self._flush()
                if len(self._above) >= _GROUPS_DEEP_MAX:
                    raise DocumentDamaged
                self._above.append(self._state)
                self._state = replace(self._state)
            case "close":
                self._flush()
                self._close()
            case "text":
                self._take_bytes(token.data)
            case "symbol":
                self._take_symbol(token.data, first=opened)
            case "word":
                self._flush()
                self._take_word(token.data, token.number)

    def finished(self) -> list[Block]:
        """Return the blocks, the last paragraph and table included."""
        self._flush()
        self._end_paragraph()
        self._end_table()
        return self.blocks

    def _close(self) -> None:
        if self._state.destination == "style":
            self._name_style()
        was_note = self._state.destination == "note"
        if self._above:
            self._state = self._above.pop()
        if was_note and self._state.destination != "note":
            self._notes.append(self._note)
            self._note = ""

    def _take_bytes(self, data: bytes) -> None:
        skipped = min(self._to_skip, len(data))
        self._to_skip -= skipped
        self._bytes += data[skipped:]

    def _take_symbol(self, symbol: bytes, *, first: bool) -> None:
        if symbol == b"*":
            self._state.destination = "skipped" if first else self._state.destination
        elif symbol in (b"\n", b"\r"):
            self._flush()
            self._end_paragraph()
        elif symbol in _SYMBOLS:
            self._flush()
            self._write(_SYMBOLS[symbol])

    def _take_word(self, word: bytes, number: int | None) -> None:
        if word in _SKIPPED:
            self._state.destination = "skipped"
        elif word in _DESTINATIONS:
            self._enter(word)
        elif word == b"u" and number is not None:
            self._write(chr(number % 0x10000))
            self._to_skip = self._state.unicode_skip
        elif word in _CHARACTERS:
            self._write(_CHARACTERS[word])
        elif self._state.destination != "skipped":
            self._format(word, number)

    def _enter(self, word: bytes) -> None:
        if word != b"title" or self._state.destination == "info":
            self._state.destination = _DESTINATIONS[word]

    def _format(self, word: bytes, number: int | None) -> None:
        state = self._state
        match word:
            case b"ansicpg":
                self._code_page = f"cp{number}"
            case b"f" if number is not None:
                state.font = number
            case b"fcharset" if state.destination == "font" and number in CODE_PAGES:
                self._charsets[state.font] = CODE_PAGES[number]
            case b"uc":
                state.unicode_skip = min(max(number or 0, 0), 8)
            case b"v" | b"deleted":
                state.hidden = number != 0
            case b"plain":
                state.hidden = False
            case _:
                self._format_paragraph(word, number)

    def _format_paragraph(self, word: bytes, number: int | None) -> None:
        style = self._style
        match word:
            case b"s" if number is not None:
                self._styled = number
                style.level = self._levels.get(number, style.level)
            case b"outlinelevel" if number is not None:
                self._outline(number)
            case b"pard" if self._state.destination == "body":
                self._style = _Style()
            case b"ls" | b"pnlvlblt" | b"pnlvlbody":
                style.in_list = True
            case b"intbl":
                style.in_table = True
            case b"cell" | b"nestcell":
                self._cells.append(_whole(self._text))
                self._text = ""
            case b"row" | b"nestrow":
                self._rows.append(self._cells)
                self._cells = []
            case _ if word in _PARAGRAPH_ENDS:
                self._end_paragraph()

    def _outline(self, number: int) -> None:
        level = number + 1 if 0 <= number < building.LEVEL_MAX else 0
        if self._state.destination == "style":
            self._levels[self._styled] = level
        else:
            self._style.level = level

    def _name_style(self) -> None:
        """Styles are found by their outline level, and by the name that Word gives to headings."""
        name, self._text = self._text.strip().rstrip(";").casefold(), ""
        kind, _, number = name.rpartition(" ")
        if kind == "heading" and number.isdecimal():
            self._levels[self._styled] = min(int(number), building.LEVEL_MAX)
        self._styled = 0

    def _flush(self) -> None:
        """Decode the bytes that stand in one font."""
        if self._bytes:
            charset = self._charsets.get(self._state.font, self._code_page)
            data, self._bytes = self._bytes, b""
            try:
                self._write(data.decode(charset, errors="replace"))
            except LookupError:
                self._write(data.decode("cp1252", errors="replace"))

    def _write(self, text: str) -> None:
        match self._state.destination:
            case "body" if not self._state.hidden:
                self._text += text
            case "style":
                self._text += text
            case "title":
                self.title += text
            case "note" if not self._state.hidden:
                self._note += text

    def _end_paragraph(self) -> None:
        if self._state.destination == "note":
            self._note += "\n"
            return
        if self._style.in_table or self._cells:
            self._text += "\n"
            return
        self._end_table()
        text, self._text = _whole(self._text), ""
        if self._style.level:
            self.blocks.append(building.heading(text, self._style.level))
        else:
            self.blocks.append(Block("list" if self._style.in_list else "text", text))
        self._place_notes()

    def _place_notes(self) -> None:
        """Put the notes after the paragraph or the table that refers to them."""
        self.blocks += [Block("text", _whole(note)) for note in self._notes]
        self._notes = []

    def _end_table(self) -> None:
        if self._rows:
            self.blocks += table_blocks(self._rows)
            self._rows = []
            self._place_notes()


def _whole(text: str) -> str:
    """Join the halves in which characters beyond the first plane come."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
