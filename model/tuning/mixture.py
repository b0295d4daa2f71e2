"""Which rows are asked plainly and which over look-alikes, where a recipe mixes both."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from model.tuning.asking import is_kept_policy
from model.tuning.example_maker import Example
from model.tuning.mixed_sets import Split
from model.tuning.prompt import Language
from model.tuning.recipe import Recipe

Row = dict[str, Any]
Rows = Mapping[Language, list[Row]]


class Mixture:
    """Draws each row's way by the recipe's seed, whatever the other rows are."""

    def __init__(self, recipe: Recipe, split: Split) -> None:
        self._recipe = recipe
        self._english_kept = recipe.english_kept if split == "train" else 1.0
        self._plain_share = recipe.plain_share if recipe.look_alikes else 1.0

    def plain(self, rows: Rows) -> Rows:
        """Return the rows to ask over their own passages and chance ones."""
        return {
            language: [row for row in of_language if self._is_asked(row) and self._is_plain(row)]
            for language, of_language in rows.items()
        }

    def alike(self, rows: Rows) -> Rows:
        """Return the rows to ask over look-alikes."""
        return {
            language: [
                row for row in of_language if self._is_asked(row) and not self._draws_plain(row)
            ]
            for language, of_language in rows.items()
        }

    def shuffled(self, plain: Sequence[Example], alike: Sequence[Example]) -> list[Example]:
        """Mix both; a recipe of one kind keeps that one's order."""
        examples = [*plain, *alike]
        if plain and alike:
            self._random("order").shuffle(examples)
        return examples

    def _is_asked(self, row: Row) -> bool:
        return row["lang"] != "en" or self._drawn(row, "asked") < self._english_kept

    def _is_plain(self, row: Row) -> bool:
        """Thin privacy policies out here too, where both are mixed."""
        if not self._draws_plain(row):
            return False
        is_policy = row["source"].startswith("policyqa")
        random = self._random(f"policy {row['id']}")
        return not (self._recipe.look_alikes and is_policy) or is_kept_policy(row, random)

    def _draws_plain(self, row: Row) -> bool:
        return self._drawn(row, "plain") < self._plain_share

    def _drawn(self, row: Row, what: str) -> float:
        return self._random(f"{what} {row['id']}").random()

    def _random(self, what: str) -> Random:
        return Random(f"{self._recipe.seed} {what}")  # noqa: S311 - reproducible, not secret
