"""The sets of questions that a recipe tunes on, in its order."""

from collections.abc import Mapping, Sequence
from itertools import chain
from random import Random
from typing import Final, Literal

from model.tuning.invented_passages import invented_sets
from model.tuning.invented_tables import table_sets
from model.tuning.passage_sets import PassageSets
from model.tuning.prompt import Language
from model.tuning.question_sets import QuestionSet, Row
from model.tuning.recipe import Recipe

Split = Literal["train", "valid"]
_HELD_OUT_SHARE: Final = 0.1
"""Invented sets to judge by, for each one to tune on."""


def mixed_sets(
    rows: Mapping[Language, Sequence[Row]], recipe: Recipe, split: Split
) -> list[QuestionSet]:
    """Make all sets and shuffle them, each kind by chance of its own."""

    def random(what: str) -> Random:
        return Random(f"{recipe.seed} {split} {what}")  # noqa: S311 - reproducible, not secret

    count, share = recipe.questions_per_set, 1 if split == "train" else _HELD_OUT_SHARE
    rounds = {"en": recipe.english_rounds if split == "train" else 1, "zh": 1}
    real = [
        PassageSets(of_language, language, random(f"{language} {turn}")).sets(count)
        for language, of_language in rows.items()
        for turn in range(rounds[language])
    ]
    invented = invented_sets(round(recipe.invented_sets * share), count, random("invented"))
    tables = table_sets(round(recipe.table_sets * share), count, random("tables"))
    sets = list(chain(*real, invented, tables))
    random("order").shuffle(sets)
    return sets
