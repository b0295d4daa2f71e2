"""Neighbouring examples over the same passages, which need to be read only once."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from model.tuning.example_maker import Example

_SHARED_MIN: Final = 0.7
"""Prompts that begin alike for at least this share of the longer one have the same passages."""


def shared_prompts(examples: Sequence[Example]) -> list[range]:
    """Cut examples into runs of neighbours that begin alike; returns their places."""
    begins = [
        place
        for place in range(len(examples))
        if place == 0 or not _is_shared(examples[place - 1], examples[place])
    ]
    ends = [*begins[1:], len(examples)][: len(begins)]
    return [range(*run) for run in zip(begins, ends, strict=True)]


def common_tokens(examples: Sequence[Example]) -> int:
    """Return how many first tokens all prompts have in common."""
    columns = zip(*(example.prompt for example in examples), strict=False)
    return sum(1 for _ in takewhile(lambda tokens: len(set(tokens)) == 1, columns))


def _is_shared(one: Example, other: Example) -> bool:
    longer = max(len(one.prompt), len(other.prompt))
    return common_tokens([one, other]) >= _SHARED_MIN * longer
