"""The two languages that answers are written in, and the fixed texts in both."""

from typing import Final, Literal

from retrieval.scripts import is_chinese

Language = Literal["en", "zh"]

REFUSAL: Final[dict[Language, str]] = {
    "en": "The documents you may read do not hold the answer.",
    "zh": "您可以查阅的文档中没有这个问题的答案。",
}

_UNANSWERED: Final[dict[Language, str]] = {
    "en": "The documents you may read do not hold the answer to “{}”.",
    "zh": "您可以查阅的文档中没有“{}”的答案。",
}


def unanswered(part: str) -> str:
    """Say that one of several questions has no answer."""
    return _UNANSWERED[language_of(part)].format(part)


def language_of(text: str) -> Language:
    """Tell Chinese from everything else, which is answered as English."""
    return "zh" if is_chinese(text) else "en"
