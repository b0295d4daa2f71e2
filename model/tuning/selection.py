"""Which of the examples that can be made a recipe tunes on."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from model.tuning.example_maker import Example
from model.tuning.recipe import Recipe

_SHORT_ANSWER_TOKENS: Final = 12
"""Citation and end included: a name, a number or a date."""


def selected(examples: Sequence[Example], recipe: Recipe) -> list[Example]:
    """Take the recipe's examples, in their order; mixed anew where one language is cut short."""
    taken = list(_within_limits(examples, recipe))[: recipe.examples_max]
    if recipe.language_examples_max is not None:  # or the other one would stand alone at the end
        Random(recipe.seed).shuffle(taken)  # noqa: S311 - reproducible, not secret
    return taken


def _within_limits(examples: Sequence[Example], recipe: Recipe) -> Iterator[Example]:
    taken: Counter[str] = Counter()
    most = recipe.language_examples_max
    for example in examples:
        full = most is not None and taken[example.language] >= most
        if full or len(example.input_tokens) > recipe.tokens_max or not _is_kept(example, recipe):
            continue
        taken[example.language] += 1
        yield example


def _is_kept(example: Example, recipe: Recipe) -> bool:
    short = example.answerable and len(example.answer) <= _SHORT_ANSWER_TOKENS
    if example.language != "zh" or not short:
        return True
    drawn = Random(f"{recipe.seed} kept {example.id}").random()  # noqa: S311 - reproducible, not secret
    return drawn < recipe.short_answers_kept
