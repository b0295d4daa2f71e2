"""A question that leans on the one before it is searched together with it."""

import re
from collections.abc import Sequence
from typing import Final

from retrieval.scripts import is_chinese

_LEANS: Final = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|one"
    r"|ones|same|former|latter|above|previous)\b|^\s*(?:and|or|but|so|also|then|why|what about"
    r"|how about|when|who|where|how)\b[^?]{0,12}\?*$"
    r"|它|他们|她们|他|她|其|这|那|该|此|上述|前者|后者|^(?:那么|那|还有|为什么|什么时候|多少)",
    re.IGNORECASE,
)
_SHORT_WORDS: Final = 4
_SHORT_CHARACTERS: Final = 8


def search_query(question: str, earlier: Sequence[str]) -> str:
    """Return what to search for: the question, after the previous one if it leans on it."""
    if not earlier or not _leans(question):
        return question
    return f"{earlier[-1]}\n{question}"


def _leans(question: str) -> bool:
    if _LEANS.search(question):
        return True
    if is_chinese(question):
        return len(question.strip()) <= _SHORT_CHARACTERS
    return len(question.split()) <= _SHORT_WORDS
