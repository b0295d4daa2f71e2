"""A question that leans on the one before it is searched together with it."""

import re
from collections.abc import Sequence
from typing import Final

from retrieval.scripts import is_chinese

_REFERS: Final = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|these|those|one|ones|same"
    r"|former|latter|above|previous|if so|if not)\b"
    r"|\bthis\b(?!\s+(?:year|month|week|quarter)\b)"
    r"|\b(?:does|did|is|was|can|and|of|about|for|with|why|how)\s+that\b"
    r"|\bthere\b(?<!\bis there)(?<!\bare there)(?<!\bwas there)(?<!\bbeen there)(?<!\bwere there)"
    r"|^\s*(?:and|or|but|so|also|then|why|what about|how about|when|who|where|how)\b[^?]{0,12}\?*$"
    r"|(?<!其)他(?!们?[国人])|它|她|其(?![他它余餘实實次])|这(?!样)|那(?!么)|(?<!应)(?<!應)该"
    r"|(?<![因如彼])此(?!外)|上述|前者|后者|^(?:那么|还有|为什么)",
    re.IGNORECASE,
)
_WITHOUT_SUBJECT: Final = re.compile(
    r"^(?:那么)?(?:(?:由|是|有|要|需|需要|归|在|得)?(?:谁|哪|什么时候|什么地方|何时|何地|多少|几|多久|怎么|如何)"
    r"|(?:由|归|需要|有没有|是否|能否|可以)).{0,8}$"
)
_SHORT_WORDS: Final = 4
_SHORT_CHARACTERS: Final = 8


def search_query(question: str, earlier: Sequence[str]) -> str:
    """Return what to search for: the question, after those that it leans on.

    These are the last one, the one that this leans on in turn, and so on.
    """
    said = [question]
    for before in reversed(earlier):
        if not _leans(said[0]):
            break
        said.insert(0, before)
    return "\n".join(said)


def refers_back(question: str) -> bool:
    """Whether a question leaves unsaid what it is about."""
    bare = question.strip().rstrip("?？")
    return bool(_REFERS.search(question) or _WITHOUT_SUBJECT.match(bare))


def _leans(question: str) -> bool:
    if refers_back(question):
        return True
    if is_chinese(question):
        return len(question.strip()) <= _SHORT_CHARACTERS
    return len(question.split()) <= _SHORT_WORDS
