"""Guess the language of a document by counting scripts and a few very common words."""

import re

_SAMPLE_CHARACTERS = 20_000
_WORDS_MIN = 8
_HAN_MIN = 6
_HAN_PER_WORD = 1.5  # a Chinese word has about that many characters
_COMMON_SHARE_MIN = 0.08

_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_WORD = re.compile(r"[A-Za-z]+")
_COMMON_ENGLISH = frozenset(
    [
        "the",
        "of",
        "and",
        "to",
        "in",
        "a",
        "is",
        "for",
        "that",
        "on",
        "with",
        "as",
        "are",
        "by",
        "it",
        "be",
        "this",
        "or",
        "from",
        "at",
        "an",
        "not",
        "was",
        "we",
        "you",
        "which",
        "have",
        "has",
        "our",
        "can",
        "will",
    ]
)


def guess(text: str) -> str | None:
    """ISO 639-1 code "zh", "ja" or "en"; None when too short or in another language."""
    sample = text[:_SAMPLE_CHARACTERS]
    han, kana = len(_HAN.findall(sample)), len(_KANA.findall(sample))
    words = [word.lower() for word in _WORD.findall(sample)]
    if han >= _HAN_MIN and han / _HAN_PER_WORD > len(words) / 2:
        return "ja" if kana > han / 4 else "zh"
    if len(words) < _WORDS_MIN:
        return None
    common = sum(word in _COMMON_ENGLISH for word in words)
    return "en" if common >= _COMMON_SHARE_MIN * len(words) else None
