"""Clean characters: one form for what looks the same, nothing that a reader cannot see."""

import re
import unicodedata

from ingest.parsers.visible import visible

# Full NFKC would turn Chinese punctuation (，；？) into ASCII and lose sentence ends, so only
# the characters that PDF fonts and input methods put in place of ordinary ones are folded.
_FOLDED = re.compile(
    "["
    "\u2e80-\u2fdf"  # radicals that look like ideographs
    "\uf900-\ufaff"  # compatibility ideographs
    "\ufb00-\ufb06"  # ligatures: fi, fl, ffi
    "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"  # full-width letters and digits
    "\u00a0\u2000-\u200a\u202f\u205f"  # spaces of many widths
    "]"
)
_BULLETS = str.maketrans(
    {
        "\uf0b7": "•",
        "\uf0a7": "▪",
        "\uf0d8": "‣",
        "\x0b": "\n",
        "\x0c": "\n",
        "\u2028": "\n",
        "\u2029": "\n",
    }
)
# The Unicode Standard (2.11) shows a mark by itself on a no-break space; LaTeX quotes so: \`{}a'.
_ALONE = re.compile("\u00a0([\u0300-\u0303])")
_SPACING = {"\u0300": "`", "\u0301": "´", "\u0302": "^", "\u0303": "~"}
_SPACES = re.compile(r"[ \t\r\f\v\u3000]+")
_CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")


def clean(text: str) -> str:
    """`text` with folded characters and without invisible ones; spacing is kept."""
    text = text.translate(_BULLETS).replace("\r\n", "\n").replace("\r", "\n")
    text = _ALONE.sub(lambda match: _SPACING[match[1]], text)
    text = _FOLDED.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    return unicodedata.normalize("NFC", visible(text))


def one_line(text: str) -> str:
    """`text` cleaned, on one line, with single spaces."""
    return _SPACES.sub(" ", clean(text).replace("\n", " ")).strip()


def paragraph(text: str) -> str:
    """`text` cleaned, its lines trimmed and blank lines gone."""
    lines = (_SPACES.sub(" ", line).strip() for line in clean(text).split("\n"))
    return "\n".join(line for line in lines if line)


def is_cjk(character: str) -> bool:
    """Whether a character belongs to a script that is written without spaces."""
    return _CJK.match(character) is not None


def join_lines(first: str, second: str) -> str:
    """Two lines of one paragraph as one, with a space unless both meet in CJK."""
    if not first or not second:
        return first + second
    if is_cjk(first[-1]) and is_cjk(second[0]):
        return first + second
    return f"{first} {second}"
