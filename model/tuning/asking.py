"""How a row of the data is asked: over its passages, or over such that do not answer it any more.

Most questions without an answer are made of answerable ones, so that nothing but the passages tells
them apart: the gold passage is left out and its look-alikes stay, it loses a first sentence that
alone answers, or the question asks about another year.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from model.tuning.explanations import answer_of
from model.tuning.sentences import Sentences

Row = dict[str, Any]
Context = dict[str, str]

_ANSWERED_SHARE: Final = 0.72
_OTHER_YEAR_SHARE: Final = 0.5
"""Of the questions with a year that are to have no answer."""
_LEFT_OUT_SHARE: Final = 0.45
_BARE_SHARE: Final = 0.25
_KEPT: Final[Mapping[str, float]] = {"human": 0.35, "gold-removed": 0.0}
"""Unanswerable questions of the data, by kind. With all that people wrote for Wikipedia, a model
refuses most of what looks like Wikipedia; the other kind is made here, by look-alikes."""
_POLICY_KEPT: Final = 0.2
_POLICY_ANSWER_CHARACTERS_MIN: Final = 20
"""Privacy policies: many of their answers are spans that only their annotators can tell."""
_YEAR: Final = re.compile(r"(?<!\d)(?:1[5-9]\d\d|20[0-2]\d)(?!\d)")


@dataclass(frozen=True, slots=True)
class Asking:
    """A question as it will be asked, and what must be among its passages."""

    row: Row
    near: tuple[Context, ...]
    """The gold passage, or what is left of it; those that an unanswerable one was written for."""


def asking(row: Row, random: Random) -> Asking | None:
    """Choose how to ask a row, or not to; all chance comes from `random`."""
    row = row | {"question": _spelt(row["question"].strip(), random)}
    if not row["answerable"]:
        kept = random.random() < _KEPT.get(row["unanswerable_kind"], 1.0)
        return Asking(row, tuple(row["contexts"])) if kept else None
    gold, is_policy = _gold(row), row["source"].startswith("policyqa")
    if gold is None or (is_policy and not is_kept_policy(row, random)):
        return None
    if is_policy or random.random() < _ANSWERED_SHARE:
        return Asking(row | {"answer": answer_of(row, gold["text"])}, (gold,))
    return _unanswerable(row, gold, random)


def is_kept_policy(row: Row, random: Random) -> bool:
    """Tell whether a row of privacy policies, of which there are many alike, is asked."""
    long = len(row["answer"]) >= _POLICY_ANSWER_CHARACTERS_MIN
    return long and random.random() < _POLICY_KEPT


def _unanswerable(row: Row, gold: Context, random: Random) -> Asking:
    row = row | {"answer": "", "answerable": False}
    if _YEAR.search(row["question"]) and random.random() < _OTHER_YEAR_SHARE:
        return Asking(_in_another_year(row, gold, random), (gold,))
    rest = _without_opening(row, gold)
    if rest is None or random.random() < _LEFT_OUT_SHARE:
        return Asking(row, ())
    return Asking(row, (gold | {"text": rest},))


def _spelt(question: str, random: Random) -> str:
    """Ask some as people type into a search box."""
    if random.random() >= _BARE_SHARE:
        return question
    return question.rstrip("?？ ").lower()


def _gold(row: Row) -> Context | None:
    """Return the first gold passage that holds the answer's very words."""
    gold = [one for one in row["contexts"] if one["id"] in row["gold_context_ids"]]
    return next((one for one in gold if row["answer"] in one["text"]), None)


def _without_opening(row: Row, gold: Context) -> str | None:
    """Cut the first sentence off, if it alone holds an answer and enough is left."""
    rest = Sentences.of(gold["text"]).without((0, 1))
    held = any(answer in f"{gold['title']} {rest}" for answer in row["answers"])
    return rest if len(rest) >= len(gold["text"]) / 4 and not held else None


def _in_another_year(row: Row, gold: Context, random: Random) -> Row:
    """Move every year of the question by the same few, to such that the passage does not name."""
    named = set(_YEAR.findall(gold["text"]))
    moves = [move for move in range(-9, 10) if move]
    random.shuffle(moves)
    questions = [_moved(row["question"], move) for move in moves]
    fitting = (one for one in questions if not named & set(_YEAR.findall(one)))
    return row | {"question": next(fitting, questions[-1])}


def _moved(question: str, years: int) -> str:
    return _YEAR.sub(lambda year: str(int(year[0]) + years), question)
