"""Which of the examples that can be made a recipe tunes on."""

from collections.abc import Sequence

from model.tuning.example_maker import Example
from model.tuning.recipe import Recipe


def selected(examples: Sequence[Example], recipe: Recipe) -> list[Example]:
    """Take the recipe's examples, in their order."""
    short = [one for one in examples if len(one.input_tokens) <= recipe.tokens_max]
    return short[: recipe.examples_max]
