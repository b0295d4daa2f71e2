"""Which examples a recipe tunes on."""

from model.tuning.example_maker import Example
from model.tuning.recipe import Recipe
from model.tuning.selection import selected


def example(number: int, prompt_tokens: int) -> Example:
    return Example(f"{number}", "en", (1,) * prompt_tokens, (2, 3), answerable=True)


def test_the_first_ones_that_are_short_enough_are_taken() -> None:
    short = [example(number, 3) for number in range(9)]
    taken = selected([example(10, 30), *short], Recipe(tokens_max=20, examples_max=7))
    assert taken == short[:7]
