"""Telling which script a text is written in."""

import re

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_LETTERS_PER_HAN = 4
"""A Chinese character says about as much as this many Latin letters."""


def is_chinese(text: str) -> bool:
    """Whether Chinese characters carry most of what `text` says."""
    han = len(_HAN.findall(text))
    latin = sum(map(str.isalpha, text)) - han
    return han * _LETTERS_PER_HAN > latin
