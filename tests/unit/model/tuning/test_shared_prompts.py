"""Questions over the same passages: read once, and computed as if each had been read alone."""

from dataclasses import replace

import pytest
import torch

from model.tuning.base import FrozenBase
from model.tuning.batch import answer_logits, lay_out, tuned_sizes
from model.tuning.example_maker import Example
from model.tuning.shared_prompts import common_tokens, shared_prompts
from model.tuning.trained import served
from model.tuning.tuned_file import TunedWeights


def example(name: str, prompt: list[int], answer: tuple[int, ...] = (7, 9)) -> Example:
    return Example(name, "en", tuple(prompt), answer, answerable=True)


@pytest.fixture
def examples() -> list[Example]:
    """Return two over one beginning, one of its own, and three over another beginning."""
    one, other = list(range(30, 60)), list(range(90, 130))
    return [
        example("a", [*one, 3, 4, 5]),
        example("b", [*one, 3, 8], (6,)),
        example("c", list(range(140, 160))),
        *(example(f"d{n}", [*other, 11 + n, 12, 13], (n, 9)) for n in range(3)),
    ]


def test_neighbours_that_begin_alike_are_grouped(examples: list[Example]) -> None:
    assert shared_prompts(examples) == [range(2), range(2, 3), range(3, 6)]
    assert [common_tokens(examples[begin:end]) for begin, end in ((0, 2), (3, 6))] == [31, 40]
    assert shared_prompts([]) == []


def test_a_short_common_beginning_is_not_shared(examples: list[Example]) -> None:
    apart = [example("a", [1, 2, 3, 4, 5, 6]), example("b", [1, 2, 3, 9, 9, 9])]
    assert shared_prompts(apart) == [range(1), range(1, 2)]


@pytest.mark.parametrize("gradient_tokens", [1, 4, 1000])
def test_shared_passages_change_no_logits(
    base: FrozenBase, changed: TunedWeights, examples: list[Example], gradient_tokens: int
) -> None:
    first = changed.recipe.first_layer
    layers = [served(f, t) for f, t in zip(base.layers[first:], changed.layers, strict=True)]
    sizes = tuned_sizes(base, changed.recipe.experts_per_token)
    states = [base.states_entering(first, one.input_tokens) for one in examples]

    def logits(places: list[int]) -> torch.Tensor:
        some, of_some = [examples[p] for p in places], [states[p] for p in places]
        return answer_logits(base, layers, sizes, lay_out(some, of_some, gradient_tokens))[0]

    alone = torch.cat([logits([place]) for place in range(len(examples))])
    torch.testing.assert_close(logits(list(range(len(examples)))), alone, atol=1e-4, rtol=0)


def test_shared_passages_are_read_once(base: FrozenBase, examples: list[Example]) -> None:
    states = [base.states_entering(1, one.input_tokens) for one in examples]
    batch = lay_out(examples, states, gradient_tokens=1)
    assert [one.end - one.begin for one in batch.past] == [31, 19, 40]
    assert len(batch.past_PD) == 31 + 19 + 40
    assert batch.tokens < sum(len(one.input_tokens) for one in examples)


def test_states_after_a_common_beginning_are_those_of_whole_texts(
    base: FrozenBase, examples: list[Example]
) -> None:
    group = [replace(one, answer=(1, 2, 3)) for one in examples[3:]]
    common = common_tokens(group)
    rests = [one.input_tokens[common:] for one in group]
    found = base.states_after(2, group[0].prompt[:common], rests)
    for states_TD, one in zip(found, group, strict=True):
        expected = base.states_entering(2, one.input_tokens)
        torch.testing.assert_close(states_TD, expected, atol=1e-5, rtol=0)
