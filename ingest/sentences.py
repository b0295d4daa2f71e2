"""Sentence ends in English and Chinese, as spans of a text."""

import re
from collections.abc import Iterator

Span = tuple[int, int]

_CLOSERS = "\"'”’»」』）】》)\\]"
_END = re.compile(rf"[.!?。！？；…]+[{_CLOSERS}]*")
_CHINESE_END = re.compile(r"[。！？；…]")
_LAST_WORD = re.compile(r"(?:^|[\s(\[\"'“‘])([^\s(\[\"'“‘]+)$")
_INITIALS = re.compile(r"^(?:[A-Za-z]\.)+$")
_NUMBER = re.compile(r"^\(?\d{1,3}\.$")
_ABBREVIATIONS = frozenset(
    {
        *("mr.", "mrs.", "ms.", "dr.", "prof.", "sr.", "jr.", "st.", "vs.", "etc.", "e.g.", "i.e."),
        *("no.", "nos.", "inc.", "ltd.", "co.", "corp.", "fig.", "figs.", "eq.", "sec.", "cf."),
        *("approx.", "dept.", "est.", "vol.", "pp.", "p.", "al.", "art.", "ch.", "jan.", "feb."),
        *("mar.", "apr.", "jun.", "jul.", "aug.", "sep.", "sept.", "oct.", "nov.", "dec."),
    }
)
_LOOK_BACK_CHARACTERS = 24


def spans(text: str) -> Iterator[Span]:
    """Spans of the sentences of `text`, without the space around them, in order."""
    start = 0
    for match in _END.finditer(text):
        if _ends_sentence(text, match):
            yield from trimmed(text, start, match.end())
            start = match.end()
    yield from trimmed(text, start, len(text))


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    after = text[match.end() : match.end() + 2]
    if _CHINESE_END.search(match[0]) and match[0] != "…":
        return True
    if not after[:1].isspace() or after[1:].islower():
        return False
    if not match[0].startswith("."):
        return True
    word = _LAST_WORD.search(
        text[max(0, match.start() - _LOOK_BACK_CHARACTERS) : match.start() + 1]
    )
    return word is None or not _is_abbreviation(word[1])


def _is_abbreviation(word: str) -> bool:
    """Whether a full stop after this word need not end the sentence."""
    return bool(word.lower() in _ABBREVIATIONS or _INITIALS.match(word) or _NUMBER.match(word))


def trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the span without the space around it, or nothing when it is all space."""
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    end = start + len(part.strip())
    if start < end:
        yield start, end
