"""What kind of thing a question asks for, and whether a sentence holds one.

A sentence may be near a question in meaning and in words without saying what was asked: "how many"
wants a number, "when" a time, "who" a name. What stands in the question already is no answer.
"""

import re
from typing import Final, Literal

from qa.language import language_of
from qa.numbers import amounts_held, numbers_claimed, numbers_held
from qa.verbatim import is_short
from qa.words import content_terms, names

Kind = Literal["number", "time", "name", "other"]

_MEASURE: Final = (
    r"(?:sales|revenues?|income|earnings|profits?|losse?s?|margins?|expenses?|expenditures?|costs?"
    r"|prices?|assets|liabilities|debts?|dividends?|rates?|ratios?|amounts?|totals?|numbers?"
    r"|percentages?|shares?|populations?|lengths?|weights?|sizes?|distances?|speeds?|ages?)"
)
_APART: Final = r"(?:for|in|to|on|with|about|behind|reasons?|causes?|effects?)"
"""What stands behind one of these is not what is asked for."""
_NUMBER: Final = re.compile(
    rf"\bhow\s+(?:many|much|old|tall|long|large|big|high|far)\b"
    rf"|\bwhat\s+(?:percentage|percent|share|proportion|number|amount)\b"
    rf"|\bwhat\s+(?:is|was|were|are)\s+(?:(?!{_APART}\s)\S+\s+){{0,8}}?{_MEASURE}(?=\s*\?|\s*$|\s+(?:in|for|at|as|during)\b)"
    r"|多少|几(?![乎何])|幾(?![乎何])|百分之",
    re.IGNORECASE,
)
_AMOUNT: Final = re.compile(
    r"\b(?:half|a\s+quarter|double|twice|both|none|nothing|free\s+of\s+charge|unlimited|indefinitely"
    r"|until|as\s+long\s+as|throughout)\b"
    r"|\b(?:an?|per|each|every)\s+(?:minute|hour|day|week|fortnight|month|quarter|year|decade)\b"
    r"|半|全部|无(?![论法])|無(?![論法])|免费|免費|不限|长期|長期|永久|直到|直至",
    re.IGNORECASE,
)
"""What tells an amount without a number."""
_TIME: Final = re.compile(
    r"\bwhen\s+(?:is|are|was|were|do|does|did|has|have|had|will|can|must|should)\b"
    r"|\b(?:what|which)\s+(?:year|month|day|date)\b"
    r"|什么时候|什麼時候|何时|何時|哪(?:一)?[年天日月]|几[年月]",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"\bwho(?:m|se)?\b", re.IGNORECASE)


def kind_asked(question: str) -> Kind:
    """Tell what kind of answer a question wants, as far as its words tell."""
    if _TIME.search(question):
        return "time"
    if _NUMBER.search(question):
        return "number"
    return "name" if _NAME.search(question) else "other"


def holds_asked(question: str, sentence: str) -> bool:
    """Whether a sentence holds something of the kind that the question asks for."""
    kind = kind_asked(question)
    if kind == "number":
        return bool(amounts_held(sentence) - numbers_claimed(question) or _AMOUNT.search(sentence))
    if kind == "time":
        return bool(numbers_held(sentence) - numbers_claimed(question))
    if kind == "name" and language_of(sentence) == "en":
        return bool(names(f" {sentence}") - content_terms(question))
    return True


def may_answer(question: str, words: str) -> bool:
    """Whether a short answer can be what is asked for: an amount without a number cannot.

    A time may be told by an event, a person by an office, and a longer answer may go on with
    sentences that hold no number.
    """
    return kind_asked(question) != "number" or not is_short(words) or holds_asked(question, words)
