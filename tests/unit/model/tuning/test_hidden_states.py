"""The frozen layers' outcome is kept on disk, and never taken for another's."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.tuning.base import FrozenBase
from model.tuning.example_maker import Example
from model.tuning.hidden_states import HiddenStates, cached_hidden_states


def never(done: int, total: int) -> None:
    raise AssertionError("nothing was left to compute")


def silent(done: int, total: int) -> None:
    pass


class Killed(Exception):
    pass


def assert_right(hidden: HiddenStates, base: FrozenBase, examples: list[Example]) -> None:
    for number, example in enumerate(examples):
        expected = base.states_entering(2, example.input_tokens)
        assert torch.equal(hidden.of(number), expected)


def test_states_are_computed_once(
    base: FrozenBase, examples: list[Example], tmp_path: Path
) -> None:
    path = tmp_path / "train.states"
    assert_right(cached_hidden_states(path, base, 2, examples, silent), base, examples)
    assert_right(cached_hidden_states(path, base, 2, examples, never), base, examples)


@pytest.mark.parametrize("torn_bytes", [0, 5])
def test_an_interrupted_computation_goes_on(
    base: FrozenBase, examples: list[Example], tmp_path: Path, torn_bytes: int
) -> None:
    path = tmp_path / "train.states"
    at = sum(len(example.input_tokens) for example in examples[:3])

    def kill(done: int, total: int) -> None:
        if done == at:
            raise Killed

    with pytest.raises(Killed):
        cached_hidden_states(path, base, 2, examples, kill)
    path.write_bytes(path.read_bytes() + b"x" * torn_bytes)
    done = []
    hidden = cached_hidden_states(path, base, 2, examples, lambda n, _: done.append(n))
    assert_right(hidden, base, examples)
    assert len(done) == len(examples) - 3


def test_states_of_another_base_layer_or_text_are_not_taken(
    base: FrozenBase, examples: list[Example], tmp_path: Path
) -> None:
    path = tmp_path / "train.states"
    cached_hidden_states(path, base, 1, examples, silent)
    assert_right(cached_hidden_states(path, base, 2, examples, silent), base, examples)
    cached_hidden_states(path, replace(base, sha256="1" * 64), 2, examples, silent)
    done = []
    cached_hidden_states(path, base, 2, examples, lambda n, _: done.append(n))
    assert len(done) == len(examples)
    others = examples[::-1]
    assert_right(cached_hidden_states(path, base, 2, others, silent), base, others)
