"""Telling whether a text or a document is written in Chinese characters."""

import re
from typing import Literal, get_args

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_LETTERS_PER_HAN = 4
"""A Chinese character says about as much as this many Latin letters."""


_CHINESE_LANGUAGES = frozenset({"zh", "ja"})

Script = Literal["chinese", "other", "unknown"]
"""How a document is written. Unknown are tables of numbers, short notes and damaged texts."""

SCRIPTS: tuple[Script, ...] = get_args(Script)


def script_of(language: str | None) -> Script:
    """Return the script of a language (ISO 639-1, None when unknown)."""
    if language is None:
        return "unknown"
    return "chinese" if language in _CHINESE_LANGUAGES else "other"


def is_chinese(text: str) -> bool:
    """Whether Chinese characters carry most of what `text` says."""
    han = len(_HAN.findall(text))
    latin = sum(map(str.isalpha, text)) - han
    return han * _LETTERS_PER_HAN > latin


def own_and_foreign(question: str) -> tuple[Script, Script]:
    """Return the script in which a question is asked, and the other one."""
    return ("chinese", "other") if is_chinese(question) else ("other", "chinese")
