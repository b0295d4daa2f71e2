"""Tuning lowers the loss, and does the same again however often it is interrupted."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from model.errors import TuningDataError
from model.tuning.base import FrozenBase
from model.tuning.example_maker import Example
from model.tuning.recipe import Recipe
from model.tuning.trained import initial
from model.tuning.trainer import Trainer
from model.tuning.tuned_file import TunedWeights

Parts = tuple[FrozenBase, Recipe, list[Example], Any]


@pytest.fixture
def parts(base: FrozenBase, recipe: Recipe, examples: list[Example], hidden: Any) -> Parts:
    return base, recipe, examples, hidden


def weights(trainer: Trainer) -> list[torch.Tensor]:
    return [tensor.detach() for layer in trainer.trained for tensor in layer.values()]


def test_the_loss_falls(parts: Parts) -> None:
    base, recipe, examples, hidden = parts
    first = [report.loss for report in Trainer(base, recipe, examples, hidden).run()]
    again = Trainer(base, recipe, examples * 12, Repeated(hidden, len(examples)))
    last = [report.loss for report in again.run()][-len(first) :]
    assert sum(last) < 0.5 * sum(first)


class Repeated:
    def __init__(self, hidden: Any, count: int) -> None:
        self._hidden, self._count = hidden, count

    def of(self, example: int) -> torch.Tensor:
        return self._hidden.of(example % self._count)


def test_everything_that_may_move_moves(parts: Parts) -> None:
    base, recipe, examples, hidden = parts
    trainer = Trainer(base, recipe, examples * 2, Repeated(hidden, len(examples)))
    before = [tensor.clone() for tensor in weights(trainer)]
    list(trainer.run())
    assert all(not torch.equal(a, b) for a, b in zip(before, weights(trainer), strict=True))


@pytest.mark.parametrize("interrupted_after", [1, 2, 3])
def test_an_interrupted_run_ends_in_the_same_weights(
    parts: Parts, tmp_path: Path, interrupted_after: int
) -> None:
    whole = Trainer(*parts)
    list(whole.run())
    killed = Trainer(*parts)
    steps = killed.run()
    for _ in range(interrupted_after):
        next(steps)
    killed.save(tmp_path / "state.pt")
    resumed = Trainer(*parts)
    assert resumed.resume(tmp_path / "state.pt")
    assert [report.step for report in resumed.run()] == list(range(interrupted_after + 1, 5))
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(resumed), strict=True))


def test_a_state_of_another_recipe_is_not_taken(parts: Parts, tmp_path: Path) -> None:
    Trainer(*parts).save(tmp_path / "state.pt")
    base, recipe, examples, hidden = parts
    other = Trainer(base, replace(recipe, seed=1), examples, hidden)
    assert not other.resume(tmp_path / "state.pt")
    assert not other.resume(tmp_path / "absent.pt")


def test_no_experts_or_no_adapters_can_be_tuned(parts: Parts) -> None:
    base, recipe, examples, hidden = parts
    for other in (
        replace(recipe, attention_rank=0),
        replace(recipe, experts=0, feed_forward_rank=2),
    ):
        reports = list(Trainer(base, other, examples, hidden).run())
        assert reports[-1].step == 4


def test_experts_look_at_neurons_of_the_dense_layer(base: FrozenBase, recipe: Recipe) -> None:
    trained = initial(base.layers[0], recipe, torch.Generator().manual_seed(1))
    neurons = base.layers[0]["mlp.gate_proj.weight"].tolist()
    copied = trained["mlp.experts.gate_EID"].flatten(0, 1).tolist()
    assert all(neuron in neurons for neuron in copied)


def test_a_recipe_without_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="experts_per_token"):
        Recipe(experts=2, experts_per_token=3)
    with pytest.raises(ValueError, match="not a recipe"):
        Recipe.from_json('{"magic": 1}')
    assert Recipe.from_json(Recipe(seed=4).to_json()) == Recipe(seed=4)


def test_a_second_pass_starts_from_the_first(parts: Parts, changed: TunedWeights) -> None:
    trainer = Trainer(*parts)
    trainer.start_from(changed)
    for mine, theirs in zip(trainer.trained, changed.layers, strict=True):
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_weights_of_another_base_or_size_are_no_start(parts: Parts, changed: TunedWeights) -> None:
    base, recipe, examples, hidden = parts
    with pytest.raises(TuningDataError, match="another base"):
        Trainer(*parts).start_from(replace(changed, base_sha256="1" * 64))
    wider = Trainer(base, replace(recipe, attention_rank=3), examples, hidden)
    with pytest.raises(TuningDataError, match="other sizes"):
        wider.start_from(changed)
