"""Passages of other questions beside a row's own, so that the model learns to pass over them."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final

from model.tuning.prompt import Language

_CHARACTERS_MAX: Final = 900
_SHORT_CHARACTERS: Final = 700
_DISTRACTED_SHARE: Final = 0.4


class Distractors:
    """Takes them from one stream of random numbers, some in the other language."""

    def __init__(self, rows: Mapping[Language, Sequence[dict[str, Any]]], random: Random) -> None:
        self._random = random
        self._pool = {
            language: [context for row in of_language for context in row["contexts"]]
            for language, of_language in rows.items()
        }

    def passages(self, row: dict[str, Any]) -> list[dict[str, str]]:
        """Return a row's passages with those of other questions among them, none with an answer."""
        random, contexts = self._random, list(row["contexts"])
        taken = {context["id"] for context in contexts} | set(row["gold_context_ids"])
        answers = [answer for answer in row["answers"] if answer]
        for _ in range(self._distractor_count(row)):
            context = self._distractor(row)
            long = len(context["text"]) > _CHARACTERS_MAX
            if context["id"] in taken or long or _holds_one(context, answers):
                continue
            taken.add(context["id"])
            contexts.insert(random.randint(0, len(contexts)), context)
        return contexts

    def _distractor(self, row: dict[str, Any]) -> dict[str, str]:
        random = self._random
        pool = self._pool["en" if random.random() < _english_share(row["lang"]) else "zh"]
        return random.choice(pool)

    def _distractor_count(self, row: dict[str, Any]) -> int:
        english = row["lang"] == "en"
        if not english and sum(len(c["text"]) for c in row["contexts"]) >= _SHORT_CHARACTERS:
            return 0
        if self._random.random() >= _DISTRACTED_SHARE:
            return 0
        return self._random.randint(1, 3 if english else 2)


def _english_share(language: Language) -> float:
    return 0.9 if language == "en" else 0.15


def _holds_one(context: dict[str, str], answers: Sequence[str]) -> bool:
    return any(answer in context["text"] for answer in answers)
