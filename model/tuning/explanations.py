"""The answer that the model is to give: a span, or a whole sentence where a span explains nothing.

Data for reading comprehension answer "how" and "why" by the shortest span; who has seen nothing
else cuts explanations short.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from model.tuning.prompt import Language
from model.tuning.sentences import Sentences

_EXPLANATORY: Final[Mapping[Language, re.Pattern[str]]] = {
    "en": re.compile(
        r"\bhow (?!many|much|old|long|far|tall|often|large|big|high|fast|late|early)|\bwhy\b"
        r"|^what (?:is|are|was|were|did|does|do) .*"
        r"\b(?:purpose|role|reason|effect|difference|causes?|means?|happen|do)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        "什么是|为什么|为何|如何|怎么|怎样|哪些|原因|作用|影响"
        "|特征|特点|意义|危害|区别|由来|发生什么|做什么"
    ),
}
_SPAN_CHARACTERS_MIN: Final[Mapping[Language, int]] = {"en": 15, "zh": 6}
"""A shorter span is a name after all."""
_SENTENCE_CHARACTERS_MAX: Final[Mapping[Language, int]] = {"en": 300, "zh": 110}
"""A longer sentence is cut to its clauses."""


def answer_of(row: Mapping[str, Any], passage: str) -> str:
    """Return what to answer, in the passage's own words."""
    language: Language = row["lang"]
    span, answer = _span(row, passage), str(row["answer"])
    explains = _EXPLANATORY[language].search(row["question"])
    run = Sentences.of(passage).holding(span)
    if not explains or len(span) < _SPAN_CHARACTERS_MIN[language] or run is None:
        return answer
    sentence = Sentences.of(passage).text(run)
    is_short = len(sentence) <= _SENTENCE_CHARACTERS_MAX[language]
    return sentence if is_short else _clauses(sentence, span)


def _span(row: Mapping[str, Any], passage: str) -> str:
    """Return the longest Chinese answer: annotators differ in how much they mark."""
    if row["lang"] != "zh":
        return str(row["answer"])
    return str(max((row["answer"], *(one for one in row["answers"] if one in passage)), key=len))


def _clauses(sentence: str, span: str) -> str:
    clauses = Sentences.clauses(sentence)
    run = clauses.holding(span)
    return clauses.text(run).rstrip("，,；;") if run else span
