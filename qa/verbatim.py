"""Whether words stand in a text as they are: the strictest support, enough for a short answer."""

import re
import unicodedata
from typing import Final

from retrieval.scripts import is_chinese

_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_WORD: Final = re.compile(rf"[{_HAN}]|(?:(?<![^\W_])-(?=\d))?(?:[^\W_{_HAN}]|(?<=\d)[.,](?=\d))+")
_SHORT_WORDS_MAX: Final = 5
_SHORT_CHARACTERS_MAX: Final = 10
_ARTICLE: Final = re.compile(r"^(?:the|an|a) ")


def spelling(text: str) -> str:
    """Return the words of a text, each after a space, so that two spellings of them are equal.

    Width, case, marks and the separators of thousands do not matter; the sign and the decimals of
    a number do. A Chinese character is a word.
    """
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2212", "-")
    words = (word.replace(",", "") for word in _WORD.findall(folded))
    return "".join(f" {word}" for word in words)


def stands_in(span: str, text: str) -> bool:
    """Whether the words of `span` follow each other in `text`; an article before them may differ.

    A span without words stands nowhere.
    """
    words = _ARTICLE.sub("", spelling(span).lstrip())
    return bool(words) and f" {words} " in f"{spelling(text)} "


def is_short(text: str) -> bool:
    """Whether a text is a name, a date or an amount rather than a sentence."""
    words = spelling(text).split()
    return len(words) <= (_SHORT_CHARACTERS_MAX if is_chinese(text) else _SHORT_WORDS_MAX)
