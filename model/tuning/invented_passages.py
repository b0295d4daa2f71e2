"""Passages and questions about things that do not exist, so that only the passages can answer.

A passage tells some attributes of one thing; beside it stand others of its sort. A question without
an answer asks for what is told of another thing only, or of nothing that is there: it looks exactly
like one with an answer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from model.tuning.invented_facts import (
    FIRST_NAMES,
    NAMES,
    PLACES,
    REASONS,
    SORTS,
    THINGS,
    Attribute,
    Kind,
    Sort,
)
from model.tuning.question_sets import Context, QuestionSet, Row, question

_PASSAGES: Final = (2, 3, 3, 4)
_ANSWERED_SHARE: Final = 0.55
_CITED_NAME_SHARE: Final = 0.5
"""Of the passages, so many bear their thing's name as a title."""
_DAYS: Final = (5, 7, 10, 14, 20, 24, 28, 30, 45, 60, 90)
_UNITS: Final = ("million dollars", "million euros", "thousand pounds")


@dataclass(frozen=True, slots=True)
class _Told:
    """A passage about one thing."""

    name: str
    context: Context
    values: dict[int, str]
    """What it tells, by the attribute's place in its sort."""


def invented_sets(count: int, questions: int, random: Random) -> Iterator[QuestionSet]:
    """Make so many sets."""
    for number in range(count):
        sort = SORTS[random.choice(list(SORTS))]
        yield _Inventor(f"invented-{number}", sort, random).make(questions)


class _Inventor:
    """Makes one set."""

    def __init__(self, set_id: str, sort: Sort, random: Random) -> None:
        self._id, self._sort, self._random = set_id, sort, random

    def make(self, questions: int) -> QuestionSet:
        names = self._names(self._random.choice(_PASSAGES) + 1)
        told = [self._tell(number, name) for number, name in enumerate(names[1:])]
        rows = [self._row(number, told, names[0]) for number in range(questions)]
        contexts = tuple(one.context for one in told)
        return QuestionSet(self._id, "en", contexts, tuple(rows))

    def _names(self, count: int) -> list[str]:
        """Draw different names of the sort; the first is of a thing that no passage tells of."""
        names: dict[str, None] = {}
        while len(names) < count:
            first, second = self._random.sample(NAMES, 2)
            pattern = self._random.choice(self._sort.names)
            names[pattern.format(a=first, b=second, f=self._random.choice(FIRST_NAMES))] = None
        return list(names)

    def _tell(self, number: int, name: str) -> _Told:
        places = range(len(self._sort.attributes))
        chosen = self._random.sample(places, self._random.randint(2, len(places) - 2))
        values = {place: self._value(self._sort.attributes[place]) for place in chosen}
        sentences = [
            self._sentence(self._sort.attributes[place], value, name if not at else None)
            for at, (place, value) in enumerate(values.items())
        ]
        title = name if self._random.random() < _CITED_NAME_SHARE else ""
        context = {"id": f"{self._id}-{number}", "title": title, "text": " ".join(sentences)}
        return _Told(name, context, values)

    def _sentence(self, attribute: Attribute, value: str, name: str | None) -> str:
        thing = self._sort.pronoun if name is None else name
        text = self._random.choice(attribute.statements).format(e=thing, v=value)
        return f"{text[0].upper()}{text[1:]}."

    def _row(self, number: int, told: list[_Told], absent: str) -> Row:
        one = self._random.choice(told)
        answered = self._random.random() < _ANSWERED_SHARE
        places = [p for p in range(len(self._sort.attributes)) if (p in one.values) == answered]
        place, name = self._random.choice(places), one.name
        if not answered and self._random.random() < 1 / 3:
            place, name = self._random.choice(list(one.values)), absent
        asked = self._random.choice(self._sort.attributes[place].questions).format(e=name)
        gold = one.context if answered else None
        return question(f"{self._id}/{number}", "en", asked, gold, one.values.get(place, ""))

    def _value(self, attribute: Attribute) -> str:
        random = self._random
        drawn: dict[Kind, Callable[[], str]] = {
            "year": lambda: str(random.randint(1650, 2023)),
            "count": lambda: f"{random.randint(12, 90_000):,}",
            "person": lambda: f"{random.choice(FIRST_NAMES)} {random.choice(NAMES)}",
            "place": lambda: random.choice(PLACES),
            "money": lambda: f"{random.randint(2, 950)} {random.choice(_UNITS)}",
            "length": lambda: f"{random.randint(11, 1900)} metres",
            "days": lambda: f"{random.choice(_DAYS)} days",
            "reason": lambda: random.choice(REASONS),
            "thing": lambda: random.choice(THINGS),
        }
        return drawn[attribute.kind]()
