"""From text to the terms under which it is found, and from a question to those it looks for."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from retrieval.lexical import chinese
from retrieval.lexical.chinese import CHARACTERS
from retrieval.lexical.english import STOP_WORDS, stem

_LETTER = rf"[^\W_{CHARACTERS}]"
_WORD = rf"{_LETTER}+"
_TOKEN = re.compile(
    rf"(?P<run>[{CHARACTERS}]+)"
    # 1,234.5 and 3.11.2, but neither the end of "v1.2" nor the beginning of "10-K" or "5G".
    rf"|(?P<number>(?<!{_LETTER})(?!\d+[-/&][^\W\d_])"
    rf"\d++(?:,\d{{3}})*+(?:\.\d+)*+(?!{_LETTER}))"
    # ISO-9001, 10-K, A/B, R&D, o'neill: parts joined by one mark.
    rf"|(?P<word>{_WORD}(?:[-/&.'’]{_WORD})*)"
)
_JOINTS = re.compile(r"[-/&.'’]")
_NOTE_MARKS = str.maketrans(dict.fromkeys("⁰¹²³⁴⁵⁶⁷⁸⁹", " "))
_LETTERS_OR_DIGITS = re.compile(r"\d+|[^\W\d_]+")


def terms(text: str) -> list[str]:
    """Return the terms of a text in order, with repetitions.

    Width, case and compatibility forms are folded (NFKC), but raised digits, which mark notes, are
    no part of the number or word before them. English words are stemmed and stop words
    left out. Numbers lose their thousands separators. A code such as ISO-9001 is found whole
    ("iso9001") and by its parts. Chinese is found by word and by pairs of characters; traditional
    and simplified forms stay apart.
    """
    return _terms(text, chinese.run_terms)


def question_terms(text: str) -> list[str]:
    """Return the terms to look for, in order, each once.

    They are those of `terms` without Chinese words of asking; all, if nothing else is asked.
    """
    return list(dict.fromkeys(_terms(text, chinese.question_terms) or terms(text)))


def _terms(text: str, run_terms: Callable[[str], Iterable[str]]) -> list[str]:
    found: list[str] = []
    for match in _TOKEN.finditer(_folded(text)):
        token = match.group()
        if match.lastgroup == "run":
            found.extend(run_terms(token))
        elif match.lastgroup == "number":
            found.append(token.replace(",", ""))
        else:
            found.extend(_word_terms(token))
    return found


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text.translate(_NOTE_MARKS)).casefold()


def _word_terms(word: str) -> Iterator[str]:
    parts = _JOINTS.split(word.removesuffix("'s").removesuffix("’s"))
    for part in parts:
        if part not in STOP_WORDS:
            yield stem(part) if part.isascii() and part.isalpha() else part
    whole = "".join(parts)
    if any(map(str.isdecimal, whole)):
        yield from _code_terms(whole, is_joined=len(parts) > 1)


def _code_terms(code: str, *, is_joined: bool) -> Iterator[str]:
    """Let "ISO-9001", "ISO 9001" and "ISO9001" find each other."""
    if is_joined:
        yield code
    else:
        pieces = _LETTERS_OR_DIGITS.findall(code)
        if len(pieces) > 1:
            yield from pieces
